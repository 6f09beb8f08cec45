/** `npm run test:long`: a pod whose packets are dropped by a firewall for longer than the PING's timeout. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { loseHalfWay } from '../support/resilience/half-open.ts'
import { createWire } from '../support/network/wire.ts'
import { formatReport } from '../support/resilience/steady-load.ts'

/**
 * PING after at most ten seconds of silence, and 20 s for its answer; in plaintext a connection in its place, with 10 s.
 * TCP itself would take 15 minutes.
 */
const PING_TIMEOUT_MS = 30_000

const cases = [
  { workers: 1, transport: 'hbone', ratePerSecond: 1000 },
  { workers: 2, transport: 'hbone', ratePerSecond: 1000 },
  { workers: 1, transport: 'plain', ratePerSecond: 200 },
] as const

for (const { workers, transport, ratePerSecond } of cases) {
  it(`a pod that falls silent costs no GET, and nobody waits longer (${transport}, ${workers} workers)`, async (t) => {
    using network = createWire(70 + workers, 3)
    if (network === undefined) return t.skip('network namespaces are not to be had')
    const shape = { ratePerSecond, connections: 30, tunnels: 100 }
    const report = await loseHalfWay({ network, workers, transport, ...shape, downMs: 35_000 })
    t.diagnostic(`${formatReport(report)}; ejected after ${report.ejectedMs} ms, back after ${report.backMs} ms`)
    assert.deepEqual([report.failures, report.unanswered], [[], 0], report.refusals)
    assert.ok(report.slowestMs < PING_TIMEOUT_MS, `${report.slowestMs} ms`)
    return undefined
  })
}

it('a pod that falls silent gets no request any more, long before it is given up', async (t) => {
  using network = createWire(71, 3)
  if (network === undefined) return t.skip('network namespaces are not to be had')
  const report = await loseHalfWay({ network, workers: 1, ratePerSecond: 300, connections: 6, tunnels: 100 })
  const { ejectedMs, ejectedAtMs, failures, unanswered, lastUnansweredMs } = report
  t.diagnostic(`${formatReport(report)}; ejected after ${ejectedMs} ms`)
  assert.deepEqual(failures, [])
  assert.ok(unanswered > 0, 'packets were dropped at all')
  // One that was due just before may have been sent just after.
  assert.ok(lastUnansweredMs < ejectedAtMs + 100, `the last one was due ${lastUnansweredMs - ejectedAtMs} ms later`)
  return undefined
})
