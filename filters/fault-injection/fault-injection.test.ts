import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Filter, FilterEnv, HookResult } from 'fairway/filter'
import { createExchange, createFakeEnv, runFilter } from 'fairway/filter/testing'
import faultInjection from './fault-injection.ts'

const make = (config: unknown, env: FilterEnv = createFakeEnv()): Filter => {
  const decoded = faultInjection.config.decode(config, 'spec')
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return faultInjection.create(decoded.value, env)
}
const ask = (filter: Filter, exchange = createExchange()): HookResult => filter.onRequest?.(exchange)
const TIMES = 10_000
const end = '2026-05-04T12:00:00Z'

/** How many of so many requests something comes of, in percent. */
const shareOf = (config: unknown): number => {
  const filter = make(config)
  let hits = 0
  for (let i = 0; i < TIMES; i++) if (ask(filter) !== undefined) hits++
  return (hits / TIMES) * 100
}

describe('FaultInjection', () => {
  for (const fault of [{ delay: { fixed: '1ms' } }, { abort: {} }, { reset: {} }]) {
    const [name = '', settings] = Object.entries(fault)[0] ?? []
    for (const percent of [0, 0.5, 10, 50, 99, 100]) {
      it(`hits ${percent} percent with ${name}, within a point`, () => {
        const share = shareOf({ [name]: { ...settings, percent } })
        assert.ok(Math.abs(share - percent) <= 1, String(share))
        assert.ok((percent !== 0 && percent !== 100) || share === percent, 'none is none, and all are all')
      })
    }
  }

  it('drips as many responses as it says', () => {
    const filter = make({ bandwidth: { bytesPerSecond: 1, percent: 25 } })
    let hits = 0
    for (let i = 0; i < TIMES; i++) if (filter.transformResponse?.(createExchange()) !== undefined) hits++
    assert.ok(Math.abs(hits / TIMES - 0.25) <= 0.01, String(hits))
  })

  it('holds a request exactly as long as it says, then lets it go on, and notes that', async () => {
    const env = createFakeEnv()
    const run = runFilter(faultInjection, { delay: { fixed: '150ms' } }, { env })
    const times: number[] = []
    void run.then(() => times.push(env.now()))
    env.advance(149)
    await Promise.resolve()
    assert.deepEqual(times, [])
    env.advance(1)
    assert.equal((await run).kind, 'forwarded')
    assert.deepEqual(times, [150])
  })

  it('gives the record its flags, beside those of others', async () => {
    for (const [flags, wanted] of [
      ['-', 'DI'],
      ['UF', 'DI,UF'],
    ] as const) {
      const filter = make({ delay: { fixed: '1s' } })
      const exchange = createExchange()
      void ask(filter, exchange)
      // Only what it needs.
      const record = { flags } as Parameters<NonNullable<Filter['onComplete']>>[0]
      filter.onComplete?.(record, exchange)
      filter.onComplete?.(record, createExchange())
      assert.equal(record.flags, wanted)
    }
  })

  it('aborts with a status, and another one for gRPC', async () => {
    const config = { abort: { httpStatus: 429, grpcStatus: 8 } }
    const { reply } = await runFilter(faultInjection, config)
    assert.deepEqual(
      [reply?.status, reply?.grpcStatus, reply?.flags, reply?.reason],
      [429, 8, 'FI', 'fault_filter_abort'],
    )
    assert.equal((await runFilter(faultInjection, { abort: {} })).response.status, 503)
  })

  it('resets, before it aborts', async () => {
    const { reply } = await runFilter(faultInjection, { reset: {}, abort: {} })
    assert.deepEqual([reply?.isReset, reply?.reason], [true, 'fault_filter_reset'])
  })

  it('delays what it aborts', async () => {
    const env = createFakeEnv()
    const run = runFilter(faultInjection, { abort: {}, delay: { fixed: '1s' } }, { env })
    env.advance(1000)
    assert.equal((await run).response.status, 503)
  })

  it('lets a body out at its speed', async () => {
    const env = createFakeEnv()
    const transform = make({ bandwidth: { bytesPerSecond: 100 } }, env).transformResponse?.(createExchange())
    const times: number[] = []
    for (const [size, isLast] of [
      [50, false],
      [10, false],
      [0, true],
    ] as const) {
      const done = transform?.(Buffer.alloc(size), isLast)
      env.advance(1000)
      assert.equal(await done, undefined)
      times.push(env.now())
    }
    assert.deepEqual(times, [1000, 2000, 3000])
    const slow = make({ bandwidth: { bytesPerSecond: 100 } }, env).transformResponse?.(createExchange())
    let isOut = false
    void Promise.resolve(slow?.(Buffer.alloc(50), false)).then(() => (isOut = true))
    env.advance(499)
    await new Promise(setImmediate)
    assert.equal(isOut, false)
    env.advance(1)
    await new Promise(setImmediate)
    assert.equal(isOut, true)
  })

  it('is off from its end time on', () => {
    const env = createFakeEnv({ nowMs: Date.parse(end) - 1 })
    const filter = make({ abort: {}, bandwidth: { bytesPerSecond: 1 }, until: end }, env)
    assert.notEqual(ask(filter), undefined)
    assert.notEqual(filter.transformResponse?.(createExchange()), undefined)
    env.advance(1)
    assert.equal(ask(filter), undefined)
    assert.equal(filter.transformResponse?.(createExchange()), undefined)
  })

  const match = {
    headers: [{ name: 'X-Chaos', value: 'yes' }, { name: 'x-user' }],
    sources: [{ namespace: 'test', serviceAccount: 'load' }, { namespace: 'chaos' }],
  }
  for (const [headers, source, isHit] of [
    [{ 'x-chaos': 'yes', 'x-user': 'u' }, { namespace: 'test', serviceAccount: 'load' }, true],
    [{ 'x-chaos': 'yes', 'x-user': 'u' }, { namespace: 'chaos', serviceAccount: 'any' }, true],
    [{ 'x-chaos': 'no', 'x-user': 'u' }, { namespace: 'chaos' }, false],
    [{ 'x-chaos': 'yes' }, { namespace: 'chaos' }, false],
    [{ 'x-chaos': 'yes', 'x-user': 'u' }, { namespace: 'test', serviceAccount: 'other' }, false],
    [{ 'x-chaos': 'yes', 'x-user': 'u' }, {}, false],
  ] as const) {
    it(`${isHit ? 'is' : 'is not'} for ${JSON.stringify([headers, source])}`, () => {
      const exchange = createExchange({ headers: Object.entries(headers), source })
      assert.equal(ask(make({ abort: {}, when: match }), exchange) !== undefined, isHit)
    })
  }

  for (const [config, wrong] of [
    [{}, 'spec'],
    [{ until: end }, 'spec'],
    [{ abort: {}, until: '2026-05-04' }, 'spec.until'],
    [{ abort: {}, until: '2026-13-04T00:00:00Z' }, 'spec.until'],
    [{ abort: { percent: 101 } }, 'spec.abort.percent'],
    [{ abort: { httpStatus: 200 } }, 'spec.abort.httpStatus'],
    [{ delay: {} }, 'spec.delay.fixed'],
    [{ delay: { fixed: '2h' } }, 'spec.delay.fixed'],
    [{ bandwidth: { bytesPerSecond: 0 } }, 'spec.bandwidth.bytesPerSecond'],
  ] as const) {
    it(`refuses ${JSON.stringify(config)}`, () => {
      const decoded = faultInjection.config.decode(config, 'spec')
      assert.ok(!decoded.ok)
      assert.equal(decoded.issues[0]?.path, wrong)
    })
  }
})
