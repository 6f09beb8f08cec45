/** `npm run test:faults`: the network between the waypoint and those on either side is gone for a while, without a word. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../e2e/support/eventually.ts'
import { statesOf } from '../e2e/support/resilience/fleet.ts'
import { formatReport } from '../e2e/support/resilience/steady-load.ts'
import { recoveryMs, tookWithin, usualMsOf } from './support/recovery.ts'
import { createScene } from './support/scene.ts'

const SETTLE_MS = 2000
const NO_NAMESPACES = 'network namespaces are not to be had'

describe('partition', () => {
  it('clients that are gone for ten seconds come back with what they had, and nobody else notices', async (t) => {
    await using scene = await createScene({ subnet: 80, behind: 'clients', pods: 2 })
    if (scene === undefined) return t.skip(NO_NAMESPACES)
    const shape = { ratePerSecond: 100, connections: 4, tunnels: 50 }
    const clients = await scene.startClient({ ...shape, tunnels: 100, connections: 16 })
    const neighbours = await scene.startNeighbour(shape)
    await delay(SETTLE_MS)
    const lostMs = Date.now()
    scene.wire.lose({})
    await delay(10_000)
    const healedMs = Date.now()
    scene.wire.heal()
    await delay(15_000)
    const [cut, others] = await Promise.all([clients.stop(), neighbours.stop()])
    const recovery = recoveryMs(cut.all, healedMs, usualMsOf(cut.all, lostMs))
    t.diagnostic(`cut off: ${formatReport(cut)}, back after ${recovery} ms`)
    const window = { fromMs: lostMs, toMs: healedMs }
    t.diagnostic(
      `neighbours: ${formatReport(others)}, p99 meanwhile ${tookWithin(others.all, window, 0.99).toFixed(1)} ms`,
    )
    assert.deepEqual([cut.failures, cut.unanswered], [[], 0])
    assert.ok(cut.slowestMs > 5000, 'packets were lost at all')
    // TCP of the clients' kernel tries again after 0.2, 0.6, 1.4, 3, 6.2, 12.6 s.
    assert.ok(recovery < 10_000, `back after ${recovery} ms`)
    assert.deepEqual([others.failures, others.unanswered], [[], 0])
    return undefined
  })

  it('clients that never come back are let go, with all that they held', async (t) => {
    await using scene = await createScene({ subnet: 81, behind: 'clients', pods: 1 })
    if (scene === undefined) return t.skip(NO_NAMESPACES)
    const { fairway, wire } = scene
    const openOf = async (): Promise<readonly number[]> =>
      Promise.all(['fairway_connections_open', 'fairway_tunnels_open'].map((name) => fairway.metric(name)))
    const clients = await scene.startClient({ ratePerSecond: 50, connections: 8, tunnels: 20 })
    await delay(SETTLE_MS)
    assert.deepEqual(await openOf(), [8, 160])
    const lostMs = Date.now()
    wire.lose({})
    await clients.kill()
    await eventually('nothing to be open', async () => (await openOf()).join() === '0,0', 60_000)
    const tookMs = Date.now() - lostMs
    t.diagnostic(`gone after ${tookMs} ms`)
    assert.ok(tookMs > 15_000 && tookMs < 45_000, `${tookMs} ms`)
    wire.heal()
    const again = await scene.startClient({ ratePerSecond: 50, connections: 2, tunnels: 5 })
    await delay(1000)
    const report = await again.stop()
    assert.deepEqual([report.failures, report.unanswered], [[], 0])
    return undefined
  })

  it('where no pod can be reached everybody gets an answer, and is served soon after they are back', async (t) => {
    await using scene = await createScene({ subnet: 82, behind: 'pods', pods: 3 })
    if (scene === undefined) return t.skip(NO_NAMESPACES)
    const { fairway, wire } = scene
    const clients = await scene.startClient({ ratePerSecond: 50, connections: 20, tunnels: 100 })
    await delay(SETTLE_MS)
    const lostMs = Date.now()
    wire.lose({})
    await eventually('all to be ejected', async () => (await statesOf(fairway)).every((state) => state === 'ejected'))
    const ejectedMs = Date.now() - lostMs
    await delay(20_000)
    const healedMs = Date.now()
    wire.heal()
    await eventually('all to be back', async () => (await statesOf(fairway)).every((state) => state === 'healthy'))
    const backMs = Date.now() - healedMs
    await delay(3000)
    const { all, ...report } = await clients.stop(30_000)
    const recovery = recoveryMs(all, healedMs, usualMsOf(all, lostMs))
    const slowest = Math.max(...all.filter(({ isGood }) => !isGood).map(({ tookMs }) => tookMs))
    t.diagnostic(`${formatReport(report)}; ejected after ${ejectedMs} ms, all back after ${backMs} ms`)
    t.diagnostic(`served as before after ${recovery} ms; the slowest refusal took ${Math.round(slowest)} ms`)
    t.diagnostic([...new Set(report.failures.map((line) => line.replace(/^\d+: /, '')))].join('; '))
    assert.equal(report.unanswered, 0)
    assert.ok(report.failed > 0 && report.failures.every((line) => line.includes('status 503')), report.failures.join())
    assert.ok(recovery < 10_000, `${recovery} ms`)
    return undefined
  })
})
