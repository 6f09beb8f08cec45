import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createExchange, createFakeEnv, createFakeSiblings, createSeededRandom } from 'fairway/filter/testing'
import type { Filter } from 'fairway/filter'
import rateLimit from '../rate-limit.ts'

/** Between workers, in milliseconds. */
const LATE_MS = 2

/** Workers of one replica, whose clocks go together; what they tell one another is `LATE_MS` under way. */
class Replica {
  readonly #config: ReturnType<typeof decode>
  readonly #clock = createFakeEnv({ nowMs: 1_800_000_000_000 })
  readonly #workers: { readonly env: ReturnType<typeof createFakeEnv>; readonly filter: Filter }[] = []
  readonly #siblings = createFakeSiblings(2, (run) => void this.#clock.after(LATE_MS, run))

  constructor(spec: object, count: number) {
    this.#config = decode(spec)
    for (let i = 0; i < count; i++) this.add()
  }

  add(): number {
    const env = createFakeEnv({ nowMs: this.#clock.now(), joinSiblings: this.#siblings })
    return this.#workers.push({ env, filter: rateLimit.create(this.#config, env) }) - 1
  }

  /** Whether a request to this worker passes. */
  ask(worker: number, user = 'a'): boolean {
    const asked = this.#workers[worker]?.filter.onRequest?.(createExchange({ headers: [['x-user', user]] }))
    assert.ok(asked === undefined || !('then' in asked), 'it decides at once')
    return asked === undefined
  }

  /** What is told is a promise. */
  async pass(ms: number): Promise<void> {
    for (let i = 0; i < ms; i++) {
      this.#clock.advance(1)
      for (const { env } of this.#workers) env.advance(1)
      await Promise.resolve()
    }
  }
}

const decode = (spec: object) => {
  const decoded = rateLimit.config.decode(spec, 'spec')
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value
}

const perSecond = (requests: number, more: object = {}) => ({
  limits: [{ name: 'l', rate: { requests, per: '1s' }, key: [{ type: 'Header', name: 'x-user' }], ...more }],
})

/** How many workers, and which of them the next request comes to. */
const balances: readonly (readonly [name: string, count: number, pick: (random: () => number) => number])[] = [
  ['two workers, all to one', 2, () => 0],
  ['two workers, half to each', 2, (random) => (random() < 0.5 ? 0 : 1)],
  ['two workers, one in ten to the second', 2, (random) => (random() < 0.1 ? 1 : 0)],
  ['four workers', 4, (random) => Math.floor(random() * 4)],
]

describe('over 10,000 requests a limit is kept within one percent by', () => {
  for (const [name, count, pick] of balances) {
    for (const [what, more] of [
      ['token bucket', {}],
      ['token bucket without a burst', { burst: 1 }],
      ['sliding window', { algorithm: 'SlidingWindow' }],
    ] as const) {
      it(`${name}, ${what}`, async () => {
        const replica = new Replica(perSecond(1000, more), count)
        const random = createSeededRandom(7)
        let passed = 0
        // For five seconds, two in each millisecond.
        for (let i = 0; i < 5000; i++) {
          for (let j = 0; j < 2; j++) if (replica.ask(pick(random))) passed++
          await replica.pass(1)
        }
        const expected = 'burst' in more ? 5000 : 'algorithm' in more ? 5000 : 6000
        assert.ok(Math.abs(passed - expected) <= expected / 100, `${passed} of ${expected}`)
      })
    }
  }

  it('refuses hardly anybody where less comes than may, also without a burst', async () => {
    const replica = new Replica(perSecond(1000, { burst: 1 }), 2)
    let refused = 0
    for (let i = 0; i < 10_000; i++) {
      if (i % 5 !== 0 && !replica.ask(i % 2)) refused++
      await replica.pass(1)
    }
    assert.ok(refused <= 80, `${refused} of 8000`)
  })
})

const hourly = (requests: number, more: object = {}) => perSecond(requests, { rate: { requests, per: '1h' }, ...more })

const passing = (replica: Replica, worker: number, times: number, user?: string): number =>
  Array.from({ length: times }, () => replica.ask(worker, user)).filter(Boolean).length

describe('workers that count together', () => {
  for (const algorithm of ['TokenBucket', 'SlidingWindow']) {
    it(`know of each other's requests a few milliseconds later: ${algorithm}`, async () => {
      const replica = new Replica(hourly(10, { algorithm }), 2)
      assert.equal(passing(replica, 0, 6), 6)
      await replica.pass(10)
      assert.equal(passing(replica, 1, 6), 4)
      assert.equal(passing(replica, 1, 20, 'b'), 10)
      await replica.pass(10)
      assert.deepEqual([passing(replica, 0, 1), passing(replica, 0, 1, 'b')], [0, 0])
    })

    it(`tell one that comes later what was used: ${algorithm}`, async () => {
      const replica = new Replica(hourly(10, { algorithm }), 2)
      assert.equal(passing(replica, 0, 7), 7)
      assert.equal(passing(replica, 1, 3, 'b'), 3)
      await replica.pass(10)
      const late = replica.add()
      await replica.pass(10)
      assert.deepEqual([passing(replica, late, 9), passing(replica, late, 9, 'b')], [3, 7])
    })
  }

  it('owe what they let pass at the same moment', async () => {
    const replica = new Replica(perSecond(10), 2)
    assert.equal(passing(replica, 0, 20) + passing(replica, 1, 20), 20)
    await replica.pass(1000)
    assert.equal(passing(replica, 0, 20) + passing(replica, 1, 20), 0)
    await replica.pass(150)
    assert.equal(passing(replica, 0, 20), 1)
  })

  it('tell of many keys, long ones and such as have to be escaped', async () => {
    const replica = new Replica(hourly(1), 2)
    const users = Array.from({ length: 2000 }, (_, i) => `${i}${'"'.repeat(150)}`)
    for (const user of users) assert.ok(replica.ask(0, user))
    await replica.pass(100)
    for (const user of users) assert.ok(!replica.ask(1, user))
  })

  it('say nothing of what takes nothing', async () => {
    const told: string[] = []
    const joinSiblings = () => ({ count: 2, tell: async (text: string) => void told.push(text) })
    const env = createFakeEnv({ joinSiblings })
    const filter = rateLimit.create(decode(perSecond(1, { cost: { request: { number: 0 } } })), env)
    void filter.onRequest?.(createExchange())
    env.advance(100)
    assert.deepEqual(told, [])
  })
})
