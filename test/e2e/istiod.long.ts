/** `npm run test:long`: certificates of twenty seconds. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { loseIstiod } from './support/identity/outage.ts'
import { formatReport } from './support/resilience/steady-load.ts'
import { rotateUnderLoad } from './support/identity/rotations.ts'

const TTL_MS = 20_000

for (const workers of [1, 2]) {
  it(`fifty rotations and another root under 2,000 requests/s on 64 tunnels (${workers} workers)`, async (t) => {
    const shape = { network: '127.71.72', ttlMs: TTL_MS, rotations: 50, ratePerSecond: 2000 }
    const report = await rotateUnderLoad({ workers, ...shape })
    t.diagnostic(`${report.rotations} rotations: ${formatReport(report)}; refused: ${report.refusals}`)
    assert.deepEqual(report.failures, [])
    assert.equal(report.failed, 0)
    assert.equal(report.unanswered, 0)
    assert.equal(report.oldClient, 'goaway')
  })

  it(`a CA that is gone for ten half-lives (${workers} workers)`, async (t) => {
    const report = await loseIstiod({ network: '127.71.73', workers, ttlMs: TTL_MS, downMs: 5 * TTL_MS })
    t.diagnostic(`${report.requests} requests, ${report.attempts} attempts, back after ${report.recoveredMs} ms`)
    assert.deepEqual(report.unreadyWhileValid, [])
    assert.deepEqual(report.readyWhenExpired, [])
    assert.deepEqual(report.failures, [])
    assert.ok(report.recoveredMs < 61_000, `back only after ${report.recoveredMs} ms`)
  })
}
