/** `npm run test:long`: a pod whose packets are dropped by a firewall for longer than the PING's timeout. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { loseHalfWay } from '../support/resilience/half-open.ts'
import { createPodNetwork } from '../support/resilience/pod-network.ts'
import { formatReport } from '../support/resilience/steady-load.ts'

/** PING after at most ten seconds of silence, and 20 s for its answer; TCP itself would take 15 minutes. */
const PING_TIMEOUT_MS = 30_000

for (const workers of [1, 2]) {
  it(`a pod that falls silent costs no GET, and nobody waits longer than for its PING (${workers} workers)`, async (t) => {
    using network = createPodNetwork(70 + workers, 3)
    if (network === undefined) return t.skip('network namespaces, or nft, are not to be had')
    const shape = { ratePerSecond: 1000, connections: 30, tunnels: 100 }
    const report = await loseHalfWay({ network, workers, ...shape, downMs: 35_000 })
    t.diagnostic(`${formatReport(report)}; ejected after ${report.ejectedMs} ms, back after ${report.backMs} ms`)
    assert.deepEqual([report.failures, report.unanswered], [[], 0], report.refusals)
    assert.ok(report.slowestMs < PING_TIMEOUT_MS, `${report.slowestMs} ms`)
    return undefined
  })
}
