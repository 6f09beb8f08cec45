/** `npm run test:faults`: as many connections as there may be, and more. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { meterCpu, openFilesLimitOf, processTree } from '../bench/support/process-stats.ts'
import { eventually } from '../e2e/support/eventually.ts'
import { startFairway } from '../e2e/support/fairway-process.ts'
import { API, createFleet, endpointOf } from '../e2e/support/resilience/fleet.ts'
import { formatReport } from '../e2e/support/resilience/steady-load.ts'
import { rssMbOf } from '../bench/support/process-stats.ts'
import { startClient } from './support/client-process.ts'

const MANY = 9900
/** The project's goal for an idle connection with a tunnel, and what the tunnel adds. */
const MAX_KB = 83
const IDLE_MS = 25_000

describe('many connections', () => {
  it(`${MANY} are held, cost what they may, and every one of them is served`, async (t) => {
    if (openFilesLimitOf(process.pid) < 2 * MANY + 128) return t.skip('too few file descriptors may be open')
    await using fleet = await createFleet()
    const pod = { name: 'api-0', address: '127.72.98.3' }
    await fleet.startPod(pod)
    fleet.put([endpointOf(pod)])
    const fairway = await fleet.startFairway(1)
    const pids = processTree(fairway.pid)
    const plan = { waypoint: fairway.addresses.hbone, authority: API, tls: fleet.tls }
    await using few = await startClient({ ...plan, ratePerSecond: 100, connections: 4, tunnels: 25 })
    await delay(3000)
    await few.stop()
    const beforeMb = rssMbOf(pids)
    const openedAtMs = Date.now()
    // Each is asked for the first time some time after all were opened: they are idle first.
    await using many = await startClient({ ...plan, ratePerSecond: 400, connections: MANY, tunnels: 1 })
    const openedMs = Date.now() - openedAtMs
    assert.equal(await fairway.metric('fairway_connections_open'), MANY)
    const [cpu, startMs] = [meterCpu(pids), Date.now()]
    // Each of them once, and once more.
    await delay((2 * MANY * 1000) / 400 + 1000)
    const cpuShare = cpu() / 1000 / (Date.now() - startMs)
    const afterMb = rssMbOf(pids)
    const { all, ...report } = await many.stop()
    const kb = ((afterMb - beforeMb) * 1024) / MANY
    t.diagnostic(
      `opened in ${openedMs} ms; ${kb.toFixed(1)} KB each; RSS ${beforeMb.toFixed(0)} to ${afterMb.toFixed(0)} MB`,
    )
    t.diagnostic(`${formatReport(report)}; ${(cpuShare * 100).toFixed(0)} % of a CPU`)
    assert.deepEqual([report.failures, report.unanswered], [[], 0])
    assert.ok(all.length >= 2 * MANY, `${all.length} answers`)
    assert.ok(kb < MAX_KB, `${kb} KB`)
    await eventually('all to be closed', async () => (await fairway.metric('fairway_connections_open')) === 0)
    return undefined
  })

  it('those above the limit are closed, counted and told of, the others stay, and there is room again at once', async (t) => {
    await using fleet = await createFleet()
    const pod = { name: 'api-0', address: '127.72.98.4' }
    await fleet.startPod(pod)
    fleet.put([endpointOf(pod)])
    const { objectsFile, certs } = fleet.mesh
    // 1,000 descriptors are 468 connections.
    const options = { files: [objectsFile], certs, workers: 1, process: { descriptors: 1000 } }
    await using fairway = await startFairway(options)
    const plan = { waypoint: fairway.addresses.hbone, authority: API, tls: fleet.tls }
    await using those = await startClient({ ...plan, ratePerSecond: 100, connections: 468, tunnels: 1 })
    const late = await Promise.allSettled(Array.from({ length: 50 }, () => fleet.mesh.dial(fairway)))
    assert.ok(late.every(({ status }) => status === 'rejected'))
    assert.equal(await fairway.metric('fairway_connections_dropped_total'), 50)
    await fairway.waitForLog('a warning', ({ message }) => String(message).includes('468 are open, and no more may be'))
    await delay(IDLE_MS)
    const report = await those.stop()
    const endMs = Date.now()
    const client = await eventually('a newcomer', () => fleet.mesh.dial(fairway).catch(() => undefined))
    assert.equal((await client.request(API)).status, 200)
    t.diagnostic(`${formatReport(report)}; room again after ${Date.now() - endMs} ms`)
    assert.deepEqual([report.failures, report.unanswered], [[], 0])
  })
})
