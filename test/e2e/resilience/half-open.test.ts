import assert from 'node:assert/strict'
import { it } from 'node:test'
import { loseHalfWay } from '../support/resilience/half-open.ts'
import { createWire } from '../support/network/wire.ts'
import { formatReport } from '../support/resilience/steady-load.ts'

/** What becomes of those that wait there is shown by the long form: that takes as long as the PING's timeout. */
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
