/** `npm run test:long`: how exactly faults are what they are said to be, measured by a client. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from './support/eventually.ts'
import type { RunningFairway } from './support/fairway-process.ts'
import type { HboneClient } from './support/hbone-client.ts'
import { startLoad } from './support/load.ts'
import { createMesh, type Mesh } from './support/mesh.ts'
import { gateway, service } from './support/objects.ts'

const address = '127.71.97.1'
const TO = '10.96.0.10:80'
const DELAY_MS = 50
const PAIRS = 400
const TIMES = 10_000

const fault = (name: string, spec: object): object => ({
  apiVersion: 'fairway.dev/v1alpha1',
  kind: 'FaultInjection',
  metadata: { name, namespace: 'shop' },
  spec: {
    targetRefs: [{ kind: 'Service', name: 'api' }],
    when: { headers: [{ name: 'x-fault', value: name }] },
    ...spec,
  },
})

const objects = [
  gateway,
  ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address, port: 8080 }] }),
  fault('slow', { delay: { fixed: `${DELAY_MS}ms` } }),
  fault('third', { abort: { percent: 33 } }),
]

const at = (sorted: readonly number[], share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0

describe('a fault', () => {
  let mesh: Mesh
  let fairway: RunningFairway
  let client: HboneClient
  before(async () => {
    mesh = await createMesh(objects)
    await mesh.startPod('api', { address, port: 8080 })
    fairway = await mesh.startFairway(1)
    client = await mesh.dial(fairway)
  })
  after(() => mesh?.[Symbol.asyncDispose]())

  const ask = async (name: string): Promise<{ readonly status: number; readonly tookMs: number }> => {
    const startMs = performance.now()
    const { status } = await client.request(TO, { headers: { 'x-fault': name } })
    return { status, tookMs: performance.now() - startMs }
  }

  for (const others of [0, 16]) {
    it(`delays by what it says, within 2 ms, beside ${others} who ask without pause`, async (t) => {
      const load = startLoad({
        lanes: others,
        lanesPerConnection: 4,
        dial: () => mesh.dial(fairway),
        authority: TO,
        check: () => undefined,
      })
      const [plain, slow]: [number[], number[]] = [[], []]
      // In turn: what slows the machine for a while slows both.
      for (let i = 0; i < PAIRS; i++) {
        // Who has slept as long wakes up as slowly.
        await sleep(DELAY_MS)
        plain.push((await ask('none')).tookMs)
        slow.push((await ask('slow')).tookMs)
      }
      const { requests } = await load.stop()
      plain.sort((a, b) => a - b)
      const usualMs = at(plain, 0.5)
      const errors = slow.map((tookMs) => tookMs - usualMs - DELAY_MS).toSorted((a, b) => a - b)
      const [least, p50, p90, p99] = [0, 0.5, 0.9, 0.99].map((share) => at(errors, share).toFixed(2))
      t.diagnostic(`error: least ${least}, p50 ${p50}, p90 ${p90}, p99 ${p99} ms; ${requests} requests beside it`)
      t.diagnostic(`without a delay: p50 ${usualMs.toFixed(2)}, p99 ${at(plain, 0.99).toFixed(2)} ms`)
      const within = errors.filter((error) => Math.abs(error) <= 2).length
      t.diagnostic(`within 2 ms: ${((within / PAIRS) * 100).toFixed(1)} %`)
      assert.ok(Math.abs(at(errors, 0.5)) <= 2)
    })
  }

  it(`hits as many of ${TIMES} as it says, within a point`, async (t) => {
    let hits = 0
    for (let sent = 0; sent < TIMES; sent += 50) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => ask('third')))
      hits += answers.filter(({ status }) => status === 503).length
    }
    t.diagnostic(`${hits} of ${TIMES}`)
    // Of 33 percent, chance stays within 1.41 points in 997 of 1,000 times.
    assert.ok(Math.abs(hits / TIMES - 0.33) <= 0.0141)
  })

  it('ends at its time, to the second', async (t) => {
    const untilMs = Math.ceil(Date.now() / 1000) * 1000 + 4000
    const until = new Date(untilMs).toISOString()
    mesh.write([...objects, fault('over', { abort: {}, until })])
    await eventually('it is in force', async () => (await ask('over')).status === 503)
    let [lastMs, firstMs] = [0, 0]
    while (Date.now() < untilMs + 2000) {
      const askedMs = Date.now()
      const { status } = await ask('over')
      if (status === 503) lastMs = askedMs
      else if (firstMs === 0) firstMs = Date.now()
      await sleep(5)
    }
    t.diagnostic(`last ${untilMs - lastMs} ms before its end, first without ${firstMs - untilMs} ms after it`)
    assert.ok(lastMs <= untilMs && untilMs - lastMs < 1000)
    assert.ok(firstMs >= untilMs && firstMs - untilMs < 1000)
  })
})
