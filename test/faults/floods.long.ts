/** `npm run test:faults`: connections that come in masses and never get to the end of their handshake. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../e2e/support/eventually.ts'
import { API } from '../e2e/support/resilience/fleet.ts'
import { formatReport } from '../e2e/support/resilience/steady-load.ts'
import type { FloodPlan } from './support/flood-plan.ts'
import { startFlood } from './support/flood-process.ts'
import { tookWithin } from './support/recovery.ts'
import { createScene, type Scene } from './support/scene.ts'

const BEFORE_MS = 5000
const FLOOD_MS = 20_000
const ADDRESSES = 16
/** Memory that is taken while it lasts: what waits is bounded, and unread. */
const MAX_GROWTH_MB = 64

interface Case {
  readonly what: string
  readonly plan: Pick<FloodPlan, 'kind' | 'count' | 'perSecond'>
  /** The waypoint's answers are lost, so that its kernel never has them as connections. */
  readonly isUnanswered?: boolean
}

const cases: readonly Case[] = [
  {
    what: 'that are never acknowledged (SYN)',
    plan: { kind: 'silent', count: 10_000, perSecond: 500 },
    isUnanswered: true,
  },
  { what: 'that say nothing', plan: { kind: 'silent', count: 10_000, perSecond: 500 } },
  { what: 'whose handshake comes a byte a second', plan: { kind: 'drip', count: 2000, perSecond: 200 } },
  { what: 'that are reset at once', plan: { kind: 'reset', count: 20_000, perSecond: 1000 } },
]

/** A newcomer each 250 ms, from its connection to its first answer; `undefined` for one that was not let in. */
const comeInTurn = async (scene: Scene, whileMs: number): Promise<readonly (number | undefined)[]> => {
  const times: (number | undefined)[] = []
  for (const endMs = Date.now() + whileMs; Date.now() < endMs; await delay(250)) {
    const startMs = performance.now()
    const client = await scene.fleet.mesh.dial(scene.fairway).catch(() => undefined)
    const answer = await client?.request(API).catch(() => undefined)
    times.push(answer?.status === 200 ? performance.now() - startMs : undefined)
    client?.[Symbol.dispose]()
  }
  return times
}

describe('floods of connections', () => {
  for (const [index, { what, plan, isUnanswered = false }] of cases.entries()) {
    it(`${what}: those who are there notice little, and newcomers get in`, async (t) => {
      await using scene = await createScene({ subnet: 94 + index, behind: 'clients', pods: 1, addresses: ADDRESSES })
      if (scene === undefined) return t.skip('network namespaces are not to be had')
      const { fairway, wire } = scene
      const neighbours = await scene.startNeighbour({ ratePerSecond: 200, connections: 4, tunnels: 50 })
      await delay(BEFORE_MS)
      const [beforeMb, startMs] = [scene.rssMb(), Date.now()]
      if (isUnanswered) wire.lose({ direction: 'there' })
      const target = { host: wire.here, port: Number(fairway.addresses.hbone.split(':')[1]), from: wire.addresses }
      const flood = startFlood({ ...target, ...plan }, wire.namespace)
      const newcomers = await comeInTurn(scene, FLOOD_MS)
      const endMs = Date.now()
      const mostMb = scene.rssMb()
      const counts = await flood.counts()
      const shed = await fairway.metric('fairway_tls_handshakes_shed_total')
      await flood[Symbol.asyncDispose]()
      if (isUnanswered) wire.heal()
      const overMs = Date.now()
      await eventually(
        'nobody to wait',
        async () => (await fairway.metric('fairway_tls_handshakes_open')) === 0,
        60_000,
      )
      const recovery = Date.now() - overMs
      await delay(1000)
      const others = await neighbours.stop()
      const [before, meanwhile] = [
        tookWithin(others.all, { fromMs: startMs - BEFORE_MS / 2, toMs: startMs }, 0.99),
        tookWithin(others.all, { fromMs: startMs, toMs: endMs }, 0.99),
      ]
      const served = newcomers.filter((tookMs) => tookMs !== undefined).toSorted((a, b) => a - b)
      const [p50, most] = [served[served.length >> 1], served.at(-1)].map((ms) => Math.round(ms ?? Number.NaN))
      t.diagnostic(`${counts.opened} were opened, ${counts.open} open at the end, ${shed} turned away`)
      t.diagnostic(`newcomers: ${served.length} of ${newcomers.length} served, p50 ${p50} ms, slowest ${most} ms`)
      t.diagnostic(
        `RSS ${beforeMb.toFixed(0)} MB, ${(mostMb - beforeMb).toFixed(1)} MB more; over after ${recovery} ms`,
      )
      t.diagnostic(`${formatReport(others)}, p99 ${before.toFixed(1)} before, ${meanwhile.toFixed(1)} ms meanwhile`)
      assert.ok(isUnanswered ? counts.opened === 0 : counts.opened > plan.count / 2, 'they came at all')
      assert.deepEqual([others.failures, others.unanswered], [[], 0])
      assert.ok(served.length >= newcomers.length * 0.9, `${served.length} of ${newcomers.length} newcomers`)
      assert.ok(mostMb - beforeMb < MAX_GROWTH_MB, `${mostMb - beforeMb} MB`)
      return undefined
    })
  }
})
