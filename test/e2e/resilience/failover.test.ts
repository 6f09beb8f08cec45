import assert from 'node:assert/strict'
import { it } from 'node:test'
import { backendPolicy } from '../support/objects.ts'
import { failOver, loseTwo } from '../support/resilience/failover.ts'
import { formatReport } from '../support/resilience/steady-load.ts'
import { workerCounts } from '../support/fairway-process.ts'

const policy = backendPolicy('api', {
  loadBalancing: { algorithm: 'LeastRequest' },
  outlierDetection: { consecutiveGatewayErrors: 3, baseEjectionTime: '1s' },
})

/** The long form, at twice the rate, with longer absences and without a policy, is `npm run test:long`. */
for (const workers of workerCounts(2)) {
  it(`a pod that is killed costs no GET, and has its share when it is back (${workers} workers)`, async (t) => {
    const shape = { network: '127.71.30', workers, ratePerSecond: 1000, downMs: 300 }
    const report = await failOver({ ...shape, objects: [policy] })
    t.diagnostic(`${formatReport(report)}; ejected after ${report.ejectedMs} ms, back after ${report.backMs} ms`)
    assert.deepEqual([report.failures, report.unanswered], [[], 0], report.refusals)
    assert.ok(report.lastShare > 0.2, `a share of ${report.lastShare}`)
  })
}

/** Of three it lets one be ejected for its answers. */
const lookingAtAnswers = backendPolicy('api', { outlierDetection: {} })

it('two of three that are killed cost no GET, whatever a policy allows to be ejected', async (t) => {
  const report = await loseTwo({ network: '127.71.30', workers: 1, ratePerSecond: 1000, objects: [lookingAtAnswers] })
  t.diagnostic(formatReport(report))
  assert.deepEqual([report.failures, report.unanswered], [[], 0], report.refusals)
})
