import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Filter } from 'fairway/filter'
import { createExchange, createFakeEnv, runFilter } from 'fairway/filter/testing'
import concurrencyLimit from './concurrency-limit.ts'
import { GradientLimit } from './gradient-limit.ts'

const make = (config: unknown): Filter => {
  const decoded = concurrencyLimit.config.decode(config, 'spec')
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return concurrencyLimit.create(decoded.value, createFakeEnv())
}

type CompletedRecord = Parameters<NonNullable<Filter['onComplete']>>[0]
// Only what it needs.
const record = { upstreamMs: 5, flags: '-', durationMs: 5 } as CompletedRecord

describe('ConcurrencyLimit', () => {
  for (const config of [{ maxRequests: 3 }, { adaptive: { min: 1, initial: 3, max: 3 } }]) {
    it(`lets so many be under way, however they end: ${JSON.stringify(config)}`, () => {
      const filter = make(config)
      const under = Array.from({ length: 3 }, () => createExchange())
      for (const exchange of under) assert.equal(filter.onRequest?.(exchange), undefined)
      const refused = createExchange()
      assert.notEqual(filter.onRequest?.(refused), undefined)
      // One that was refused, and one that never came here, are over, too.
      filter.onComplete?.(record, refused)
      filter.onComplete?.(record, createExchange())
      assert.notEqual(filter.onRequest?.(createExchange()), undefined)
      const [first] = under
      assert.ok(first !== undefined)
      filter.onComplete?.(record, first)
      filter.onComplete?.(record, first)
      assert.equal(filter.onRequest?.(createExchange()), undefined)
      assert.notEqual(filter.onRequest?.(createExchange()), undefined)
    })
  }

  it('tells those that are too many', async () => {
    assert.equal((await runFilter(concurrencyLimit, { maxRequests: 1 })).kind, 'forwarded')
    const filter = make({ maxRequests: 1, status: 429 })
    void filter.onRequest?.(createExchange())
    const reply = filter.onRequest?.(createExchange())
    assert.ok(reply !== undefined && 'kind' in reply)
    assert.deepEqual([reply.status, reply.reason], [429, 'reached_concurrency_limit'])
  })

  for (const config of [
    {},
    { maxRequests: 1, adaptive: {} },
    { maxRequests: 0 },
    { adaptive: { min: 5, initial: 4 } },
  ]) {
    it(`refuses ${JSON.stringify(config)}`, () => assert.ok(!concurrencyLimit.config.decode(config, 'spec').ok))
  }
})

/** A Service that answers `capacity` requests at once in `aloneMs`; more of them wait. Callers take all that they get. */
const simulate = (
  limit: GradientLimit,
  service: { readonly capacity: number; readonly aloneMs: number },
  span: readonly [from: number, to: number],
  callers = 500,
) => {
  let [nowMs] = span
  let longestMs = 0
  while (nowMs < span[1]) {
    const inFlight = Math.min(limit.current, callers)
    const tookMs = service.aloneMs * Math.max(1, inFlight / service.capacity)
    // Of so many under way one ends after another.
    nowMs += tookMs / inFlight
    limit.note(tookMs, inFlight, nowMs)
    longestMs = nowMs > span[1] - 20_000 ? Math.max(longestMs, tookMs) : 0
  }
  return { limit: limit.current, longestMs }
}

const options = { min: 4, max: 1000, initial: 20, tolerance: 1.5, windowMs: 100, probeEveryMs: 30_000 }

describe('a limit by gradient', () => {
  for (const service of [
    { capacity: 10, aloneMs: 20 },
    { capacity: 50, aloneMs: 5 },
    { capacity: 100, aloneMs: 100 },
  ]) {
    it(`finds what a Service of ${service.capacity} at once in ${service.aloneMs} ms bears, and keeps to it`, () => {
      const limit = new GradientLimit(options, 0)
      const early = simulate(limit, service, [0, 60_000])
      const late = simulate(limit, service, [60_000, 1_800_000])
      for (const { limit: found, longestMs } of [early, late]) {
        assert.ok(found >= service.capacity && found <= service.capacity * 2.5, String(found))
        assert.ok(longestMs <= service.aloneMs * 2.5, String(longestMs))
      }
    })
  }

  it('follows a Service that loses capacity, and one that gets slower for good', () => {
    const limit = new GradientLimit(options, 0)
    simulate(limit, { capacity: 100, aloneMs: 10 }, [0, 60_000])
    const less = simulate(limit, { capacity: 20, aloneMs: 10 }, [60_000, 120_000])
    assert.ok(less.limit <= 50, String(less.limit))
    const slower = simulate(limit, { capacity: 20, aloneMs: 40 }, [120_000, 240_000])
    assert.ok(slower.limit >= 20 && slower.limit <= 50, String(slower.limit))
  })

  it('stays where it is when nobody comes near it', () => {
    const limit = new GradientLimit(options, 0)
    const { limit: found } = simulate(limit, { capacity: 10, aloneMs: 10 }, [0, 25_000], 5)
    assert.equal(found, 20)
  })

  it('keeps to its bounds', () => {
    const low = new GradientLimit({ ...options, max: 30 }, 0)
    assert.equal(simulate(low, { capacity: 100, aloneMs: 10 }, [0, 20_000]).limit, 30)
    const high = new GradientLimit({ ...options, min: 15 }, 0)
    assert.equal(simulate(high, { capacity: 1, aloneMs: 10 }, [0, 200_000]).limit >= 15, true)
  })
})
