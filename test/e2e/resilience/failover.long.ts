/** `npm run test:long`: a pod that is killed at 2,000 requests/s, and stays away for longer than its longest ejection. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { backendPolicy } from '../support/objects.ts'
import { failOver, loseTwo } from '../support/resilience/failover.ts'
import { formatReport } from '../support/resilience/steady-load.ts'

const policy = backendPolicy('api', {
  loadBalancing: { algorithm: 'LeastRequest' },
  outlierDetection: { consecutiveGatewayErrors: 3 },
})

for (const workers of [1, 2]) {
  for (const objects of [[], [policy]]) {
    const what = objects.length === 0 ? 'without a policy' : 'with a policy'
    it(`a pod that is killed costs no GET (${workers} workers, ${what})`, async (t) => {
      const report = await failOver({ network: '127.71.30', workers, ratePerSecond: 2000, downMs: 25_000, objects })
      t.diagnostic(`${formatReport(report)}; ejected after ${report.ejectedMs} ms, back after ${report.backMs} ms`)
      assert.deepEqual([report.failures, report.unanswered], [[], 0], report.refusals)
      assert.ok(report.ejectedMs < 1000, `ejected after ${report.ejectedMs} ms`)
      assert.ok(report.backMs < 10_000, `back after ${report.backMs} ms`)
      assert.ok(report.lastShare > 0.2, `a share of ${report.lastShare}`)
    })
  }
}

it('two of three that are killed cost no GET', async (t) => {
  const report = await loseTwo({ network: '127.71.30', workers: 1, ratePerSecond: 1000 })
  t.diagnostic(formatReport(report))
  assert.deepEqual([report.failures, report.unanswered], [[], 0], report.refusals)
})
