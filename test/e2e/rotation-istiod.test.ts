import assert from 'node:assert/strict'
import { it } from 'node:test'
import { formatReport } from './support/resilience/steady-load.ts'
import { rotateUnderLoad } from './support/identity/rotations.ts'
import { workerCounts } from './support/fairway-process.ts'

for (const workers of workerCounts(2)) {
  it(`certificates of istiod and a root are replaced under load (${workers} workers)`, async (t) => {
    const report = await rotateUnderLoad({
      network: '127.71.70',
      workers,
      ttlMs: 4000,
      rotations: 3,
      ratePerSecond: 300,
    })
    t.diagnostic(`${report.rotations} rotations: ${formatReport(report)}; refused: ${report.refusals}`)
    assert.deepEqual(report.failures, [])
    assert.equal(report.failed, 0)
    assert.equal(report.unanswered, 0)
    assert.equal(report.oldClient, 'goaway')
    assert.ok(report.podConnections >= report.rotations, `pods saw ${report.podConnections} connections`)
  })
}
