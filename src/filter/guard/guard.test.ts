import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createGuardBed } from '../../../test/support/filters/guard-bed.ts'
import { HeaderList } from '../../http/header-list.ts'
import type { Exchange, HookResult, Reply } from '../index.ts'
import { createExchange } from '../testing.ts'
import { FilterFailure, FilterFault } from './failure.ts'
import { sumFailures } from './reading.ts'

const withResponse = (exchange: Exchange): Exchange => ({
  ...exchange,
  response: { status: 200, headers: new HeaderList(['server', 'app']) },
})

/** Filters in plain JavaScript may do what types forbid. */
const bad = (result: unknown): HookResult => result as HookResult

const reply = (changes: Partial<Reply>): HookResult =>
  bad({ kind: 'reply', status: 200, headers: [], body: '', reason: 'x', ...changes })

/** What a hook may do, how it is counted, and what the record says of a closed exchange. */
const failures: readonly {
  readonly name: string
  readonly kind: 'throw' | 'reject' | 'wait' | 'invalid' | 'loop'
  readonly hook: (exchange: Exchange) => HookResult
}[] = [
  {
    name: 'throws',
    kind: 'throw',
    hook: () => {
      throw new Error('no')
    },
  },
  {
    name: 'throws what is no error',
    kind: 'throw',
    hook: () => {
      // oxlint-disable-next-line typescript/only-throw-error -- what plain JavaScript may do
      throw bad('no')
    },
  },
  {
    name: 'throws what cannot be read',
    kind: 'throw',
    hook: () => {
      // oxlint-disable-next-line typescript/only-throw-error -- what plain JavaScript may do
      throw bad(Object.create(null))
    },
  },
  { name: 'rejects with what cannot be read', kind: 'reject', hook: () => bad(Promise.reject(Object.create(null))) },
  {
    name: 'returns what throws when it is looked at',
    kind: 'invalid',
    hook: () =>
      bad({
        get kind() {
          throw new Error('no')
        },
      }),
  },
  {
    name: 'returns what throws when it is waited for',
    kind: 'reject',
    hook: () =>
      bad({
        // oxlint-disable-next-line unicorn/no-thenable -- what plain JavaScript may do
        then: () => {
          throw new Error('no')
        },
      }),
  },
  { name: 'rejects', kind: 'reject', hook: () => Promise.reject(new Error('no')) },
  { name: 'never answers', kind: 'wait', hook: () => new Promise(() => {}) },
  {
    name: 'has a fault that says of what kind it is',
    kind: 'loop',
    hook: () => {
      throw new FilterFault('loop', 'no')
    },
  },
  { name: 'returns a number', kind: 'invalid', hook: () => bad(7) },
  { name: 'returns null', kind: 'invalid', hook: () => bad(null) },
  { name: 'replies with a bad status', kind: 'invalid', hook: () => reply({ status: 99 }) },
  {
    name: 'replies with a body of pieces that cannot come',
    kind: 'invalid',
    hook: () => reply({ body: bad(['x']) as never }),
  },
  {
    name: 'replies with headers that are an object',
    kind: 'invalid',
    hook: () => reply({ headers: bad({}) as never }),
  },
  { name: 'replies with a header in two lines', kind: 'invalid', hook: () => reply({ headers: [['a', 'b\nc']] }) },
  { name: 'replies with a header without a name', kind: 'invalid', hook: () => reply({ headers: [['', 'b']] }) },
  { name: 'promises what is no reply', kind: 'invalid', hook: () => bad(Promise.resolve('x')) },
  { name: 'writes a header in two lines', kind: 'invalid', hook: ({ request }) => request.headers.set('a', 'b\r\nc') },
  {
    name: 'writes a header that is no text',
    kind: 'invalid',
    hook: ({ request }) => request.headers.set('a', bad(7) as never),
  },
  { name: 'writes a header later', kind: 'invalid', hook: async ({ request }) => request.headers.set('a b', 'c') },
]

describe('a hook that fails', () => {
  for (const { name, kind, hook } of failures) {
    it(`${name}: ${kind}, and closes its exchange`, async () => {
      const { clock, guard, reading, told } = createGuardBed()
      const outcome = Promise.try(() => guard({ onRequest: hook }).onRequest?.(createExchange()))
      const closed = assert.rejects(outcome, new FilterFailure(`filter_failed{shop/stamp,${kind}}`))
      await new Promise(setImmediate)
      clock.advance(1000)
      await closed
      assert.equal(told[0], kind)
      assert.equal(reading()?.failures[kind], 1)
      assert.equal(reading()?.lastFailure?.kind, kind)
    })

    it(`${name}: open, it is as if it had not been there`, async () => {
      const { clock, guard, reading } = createGuardBed()
      const exchange = createExchange({ headers: [['x-a', '1']] })
      const filter = guard(
        {
          onRequest: (seen) => {
            seen.request.headers.set('x-a', '2')
            seen.request.path = '/changed'
            return hook(seen)
          },
        },
        { failureMode: 'open' },
      )
      const outcome = Promise.try(() => filter.onRequest?.(exchange))
      await new Promise(setImmediate)
      clock.advance(1000)
      assert.equal(await outcome, undefined)
      assert.deepEqual([...exchange.request.headers], [['x-a', '1']])
      assert.equal(exchange.request.path, '/')
      assert.equal(reading()?.failures[kind], 1)
    })
  }
})

it('a response is as it was when the hook on it fails open', () => {
  const { guard } = createGuardBed()
  const exchange = withResponse(createExchange())
  const filter = guard(
    {
      onResponse: ({ response }) => {
        if (response !== undefined) response.status = 404
        response?.headers.remove('server')
        throw new Error('no')
      },
    },
    { failureMode: 'open' },
  )
  assert.equal(filter.onResponse?.(exchange), undefined)
  assert.equal(exchange.response?.status, 200)
  assert.deepEqual([...(exchange.response?.headers ?? [])], [['server', 'app']])
})

it('a hook that does well is passed on as it is, without a promise of ours', async () => {
  const { guard, reading, slots } = createGuardBed()
  const answer = { kind: 'reply', status: 204, headers: [], body: '', reason: 'x' } as const
  const seen: number[] = []
  const filter = guard({
    onRequest: ({ request }) => {
      seen.push(slots.cells[0] ?? 0)
      return request.path === '/reply' ? answer : request.path === '/later' ? Promise.resolve(answer) : undefined
    },
  })
  assert.equal(filter.onRequest?.(createExchange()), undefined)
  assert.equal(filter.onRequest?.(createExchange({ path: '/reply' })), answer)
  assert.equal(await filter.onRequest?.(createExchange({ path: '/later' })), answer)
  assert.deepEqual(seen, [1, 1, 1])
  assert.equal(slots.cells[0], 0)
  assert.equal(reading()?.calls, 3)
})

it('a hook that holds the loop for too long keeps its result, and counts', () => {
  const { clock, guard, reading, told } = createGuardBed()
  const filter = guard({ onRequest: () => clock.advance(11) })
  for (let i = 0; i < 10; i++) assert.equal(filter.onRequest?.(createExchange()), undefined)
  assert.equal(reading()?.failures.overrun, 10)
  assert.deepEqual(reading()?.hookMs, { p50: 11, max: 11, sum: 110 })
  assert.match(
    told.at(-1) ?? '',
    /^filter shop\/stamp is quarantined for 30 s, .*: overrun: a hook held the event loop for 11.0 ms; its budget is 10 ms$/,
  )
})

it('one that is quarantined is not called, and its failure mode answers at once', () => {
  for (const failureMode of ['closed', 'open'] as const) {
    const { clock, guard, reading, told } = createGuardBed()
    let calls = 0
    let isBroken = true
    const filter = guard(
      {
        onRequest: () => {
          calls++
          if (isBroken) throw new Error('no')
        },
      },
      { failureMode },
    )
    const call = (): unknown => {
      try {
        return filter.onRequest?.(createExchange())
      } catch (error) {
        return error instanceof FilterFailure ? error.details : error
      }
    }
    for (let i = 0; i < 20; i++) call()
    assert.equal(calls, 10)
    assert.equal(call(), failureMode === 'open' ? undefined : 'filter_quarantined{shop/stamp}')
    assert.equal(reading()?.state, 'quarantined')
    assert.equal(reading()?.untilMs, clock.nowMs() + 30_000)
    assert.match(told.at(-1) ?? '', /quarantined for 30 s, .*: throw at stamp.ts:3: no$/)
    isBroken = false
    clock.advance(30_000)
    assert.equal(reading()?.state, 'probation')
    for (let i = 0; i < 3; i++) assert.equal(call(), undefined)
    assert.equal(reading()?.state, 'active')
  }
})

it('onComplete that fails counts, and hurts nobody', () => {
  const { guard, reading } = createGuardBed()
  const filter = guard({
    onComplete: () => {
      throw new Error('no')
    },
  })
  filter.onComplete?.({} as never, {} as never)
  assert.equal(reading()?.failures.throw, 1)
})

it('one that is quarantined is told how exchanges end, unless it has held the loop', () => {
  const { clock, guard, guards } = createGuardBed()
  let ended = 0
  const filter = guard({
    onRequest: () => {
      throw new Error('no')
    },
    onComplete: () => void ended++,
  })
  const end = (): void => filter.onComplete?.({} as never, {} as never)
  for (let i = 0; i < 10; i++) assert.throws(() => filter.onRequest?.(createExchange()))
  end()
  assert.equal(ended, 1)
  clock.advance(30_000)
  for (let i = 0; i < 5; i++) end()
  assert.equal(guards.read()[0]?.state, 'probation', 'the end of an exchange proves nothing of how others begin')
  const failure = { kind: 'loop', message: 'held the loop', atMs: 5 } as const
  guards.hold([{ id: 'shop/stamp', version: 'v1', failure, untilMs: clock.nowMs() + 60_000 }])
  end()
  assert.equal(ended, 6)
})

it('a failure that lives as long as its filter keeps no frames, which would keep the configuration before', () => {
  assert.equal(
    new FilterFailure('filter_quarantined{shop/stamp}').stack,
    'FilterFailure: filter_quarantined{shop/stamp}',
  )
})

it('a new version starts clean, and one that is gone is not told of', () => {
  const { guard, guards } = createGuardBed()
  const hook = {
    onRequest: () => {
      throw new Error('no')
    },
  }
  const first = guard(hook)
  for (let i = 0; i < 10; i++) assert.throws(() => first.onRequest?.(createExchange()))
  const second = guard(hook, { version: 'v2' })
  assert.deepEqual(
    guards.read().map(({ version, state }) => [version, state]),
    [
      ['v1', 'quarantined'],
      ['v2', 'active'],
    ],
  )
  first.close?.()
  assert.deepEqual(
    guards.read().map(({ version }) => version),
    ['v2'],
  )
  // The same version again has not become better.
  guard(hook)
  assert.deepEqual(
    guards.read().map(({ state }) => state),
    ['quarantined', 'active'],
  )
  second.close?.()
})

it('what another process has found out of a version holds for it, also when it comes later', () => {
  const { clock, guard, guards, reading } = createGuardBed()
  const failure = { kind: 'loop', message: 'held the loop', location: 'stamp.ts:7', atMs: 5 } as const
  guards.hold([{ id: 'shop/stamp', version: 'v1', failure, untilMs: clock.nowMs() + 60_000 }])
  const filter = guard({ onRequest: () => undefined })
  assert.throws(() => filter.onRequest?.(createExchange()), /filter_quarantined/)
  assert.deepEqual(reading()?.lastFailure, failure)
  assert.equal(
    sumFailures(reading()?.failures ?? { throw: 0, reject: 0, overrun: 0, wait: 0, invalid: 0, memory: 0, loop: 0 }),
    0,
  )
})

it('a filter of ours is nobody to guard', () => {
  const { guards } = createGuardBed()
  const filter = { onRequest: () => undefined }
  assert.equal(guards.guard(filter, { kind: 'Stamp', config: {}, origin: 'x' }, { kind: 'Stamp' }), filter)
})
