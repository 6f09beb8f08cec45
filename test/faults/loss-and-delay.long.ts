/** `npm run test:faults`: links that lose some packets, or take their time: slower, and nothing else. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { API, createFleet, endpointOf, statesOf } from '../e2e/support/resilience/fleet.ts'
import { formatReport } from '../e2e/support/resilience/steady-load.ts'
import { startClient } from './support/client-process.ts'
import { startDelayProxy } from './support/delay-proxy.ts'
import { recoveryMs, usualMsOf } from './support/recovery.ts'
import { createScene } from './support/scene.ts'

const FAULT_MS = 15_000
const shape = { ratePerSecond: 100, connections: 8, tunnels: 100 }

/** TCP's, of all of this namespace: at 1 % hardly one is noticed by how long an answer takes. */
const packetsSentAgain = (): number => {
  const [names = '', values = ''] = readFileSync('/proc/net/snmp', 'utf8').match(/^Tcp:.*$/gm) ?? []
  const sentAgain = Number(values.split(' ')[names.split(' ').indexOf('RetransSegs')])
  assert.ok(sentAgain >= 0)
  return sentAgain
}

describe('loss', () => {
  for (const [index, behind] of (['clients', 'pods'] as const).entries()) {
    for (const percent of [1, 5]) {
      it(`of ${percent} % of the packets of ${behind}, both ways, costs time and no request`, async (t) => {
        await using scene = await createScene({ subnet: 88 + index, behind, pods: 3 })
        if (scene === undefined) return t.skip('network namespaces are not to be had')
        const client = await scene.startClient(shape)
        await delay(2000)
        const lostMs = Date.now()
        const sentAgain = packetsSentAgain()
        scene.wire.lose({ percent })
        await delay(FAULT_MS)
        const states = await statesOf(scene.fairway)
        const healedMs = Date.now()
        scene.wire.heal()
        await delay(5000)
        const { all, ...report } = await client.stop()
        const recovery = recoveryMs(all, healedMs, usualMsOf(all, lostMs))
        t.diagnostic(`${formatReport(report)}, as before after ${recovery} ms; endpoints ${states.join(', ')}`)
        assert.deepEqual([report.failures, report.unanswered], [[], 0])
        assert.ok(packetsSentAgain() > sentAgain, 'packets were lost at all')
        assert.ok(recovery < 3000, `${recovery} ms`)
        assert.deepEqual(states, ['healthy', 'healthy', 'healthy'])
        return undefined
      })
    }
  }
})

describe('delay', () => {
  for (const [delayMs, jitterMs] of [
    [50, 10],
    [200, 50],
  ] as const) {
    it(`of ${delayMs} to ${delayMs + jitterMs} ms each way, on both sides, costs that and no request`, async (t) => {
      await using fleet = await createFleet()
      await using stack = new AsyncDisposableStack()
      const far = [3, 4].map((n) => ({ name: `api-${n}`, address: `127.72.92.${n}` }))
      for (const { name, address } of far) {
        const behind = address.replace('.92.', '.93.')
        await fleet.startPod({ name, address: behind })
        stack.use(await startDelayProxy({ host: address, port: 15_008, to: `${behind}:15008`, delayMs, jitterMs }))
      }
      fleet.put(far.map(endpointOf))
      const fairway = await fleet.startFairway(1)
      const link = { host: '127.0.0.1', port: 0, to: fairway.addresses.hbone, delayMs, jitterMs }
      const near = stack.use(await startDelayProxy(link))
      await using client = await startClient({ waypoint: near.address, authority: API, tls: fleet.tls, ...shape })
      await delay(FAULT_MS)
      const { all, ...report } = await client.stop()
      const states = await statesOf(fairway)
      const steady = all
        .slice(all.length >> 1)
        .map(({ tookMs }) => tookMs)
        .toSorted((a, b) => a - b)
      const [p50, p99] = [0.5, 0.99].map((share) => steady[Math.floor(steady.length * share)] ?? Number.NaN)
      t.diagnostic(`${formatReport(report)}; once it runs p50/p99 ${p50?.toFixed(0)} / ${p99?.toFixed(0)} ms`)
      assert.deepEqual([report.failures, report.unanswered], [[], 0])
      assert.deepEqual(states, ['healthy', 'healthy'])
      // Once to the waypoint and back, and once from there to the pod and back.
      assert.ok((p50 ?? 0) >= 4 * delayMs && (p50 ?? 0) <= 4 * (delayMs + jitterMs) + 60, `p50 ${p50} ms`)
    })
  }
})
