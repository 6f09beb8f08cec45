import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFakeClock } from '../../../../test/support/fake-clock.ts'
import { HeaderList } from '../../../http/header-list.ts'
import type { Exchange, Filter, HookResult } from '../../index.ts'
import { createExchange } from '../../testing.ts'
import { FilterFailure } from '../failure.ts'
import { createFilterGuards } from '../guard.ts'
import { createHookSlots } from '../hook-slots.ts'

const guard = (filter: Filter, failureMode: 'open' | 'closed'): Filter => {
  const guards = createFilterGuards({
    clock: createFakeClock(),
    slots: createHookSlots(),
    describe: String,
    locate: () => undefined,
    onFailure: () => {},
    onQuarantine: () => {},
  })
  const user = { id: 'shop/a', module: 'a', version: 'v1', hookMs: 10, waitMs: 1000, isolation: 'none' } as const
  return guards.guard(filter, { kind: 'A', config: {}, origin: '', user: { ...user, failureMode } }, { kind: 'A' })
}

const failure = new FilterFailure('filter_failed{shop/a,invalid}')
const targets: readonly (readonly [changes: object, isGood: boolean])[] = [
  [{ path: '/new', query: '?a=b', authority: 'api.shop:80' }, true],
  [{ path: '*', query: '' }, true],
  [{ path: 'http://evil.example/' }, false],
  [{ path: '/a b' }, false],
  [{ path: '/a#b' }, false],
  [{ path: undefined }, false],
  [{ query: 'a=b' }, false],
  [{ authority: 'a@b' }, false],
]

describe('a hook that sends the request to', () => {
  for (const [changes, isGood] of targets) {
    it(`${JSON.stringify(changes)} has ${isGood ? 'done well' : 'failed'}`, async () => {
      const change = ({ request }: Exchange): HookResult => void Object.assign(request, changes)
      const late = (exchange: Exchange): HookResult => Promise.resolve().then(() => change(exchange))
      for (const onRequest of [change, late]) {
        const call = async (): Promise<unknown> => guard({ onRequest }, 'closed').onRequest?.(createExchange())
        if (isGood) assert.equal(await call(), undefined)
        else await assert.rejects(call, failure)
        const exchange = createExchange({ path: '/before' })
        await guard({ onRequest }, 'open').onRequest?.(exchange)
        assert.equal(exchange.request.path === '/before', !isGood)
      }
    })
  }
})

const response = (): { status: number; headers: HeaderList } => ({ status: 201, headers: new HeaderList(['x-a', '1']) })
const replacements: readonly (readonly [what: string, change: (exchange: Exchange) => unknown])[] = [
  ['the request', (exchange) => Object.assign(exchange, { request: null })],
  ['the headers of the request', ({ request }) => Object.assign(request, { headers: { a: 'b' } })],
  ['the response', (exchange) => Object.assign(exchange, { response: undefined })],
  ['the headers of the response', (exchange) => Object.assign(exchange.response ?? {}, { headers: new Headers() })],
  ...[99, 101, 600, 200.5, Number.NaN, '404'].map(
    (status) =>
      [
        `the status, by ${JSON.stringify(status)},`,
        ({ response: given }: Exchange) => Object.assign(given ?? {}, { status }),
      ] as const,
  ),
]

describe('a hook of plain JavaScript that puts something else in the place of', () => {
  for (const [what, change] of replacements) {
    it(`${what} has failed, and the exchange has what it had`, async () => {
      const now = (exchange: Exchange): HookResult => void change(exchange)
      const late = (exchange: Exchange): HookResult => Promise.resolve().then(() => now(exchange))
      const throwing = (exchange: Exchange): HookResult => {
        change(exchange)
        throw new Error('no')
      }
      for (const onResponse of [now, late, throwing]) {
        const [strict, lax] = [
          { ...createExchange(), response: response() },
          { ...createExchange(), response: response() },
        ]
        const { request } = strict
        const { headers } = request
        const call = async (): Promise<unknown> => guard({ onResponse }, 'closed').onResponse?.(strict)
        await assert.rejects(call, FilterFailure)
        assert.ok(
          strict.request === request && request.headers === headers && strict.response.headers instanceof HeaderList,
        )
        assert.equal(await guard({ onResponse }, 'open').onResponse?.(lax), undefined)
        assert.deepEqual([lax.response.status, lax.response.headers.fields], [201, ['x-a', '1']])
      }
    })
  }

  it('nothing, but a status that there is, has done well; and one that is none, but was there before', () => {
    for (const [before, now] of [
      [200, 404],
      [101, 101],
      [999, 999],
    ]) {
      const exchange = { ...createExchange(), response: { ...response(), status: before ?? 0 } }
      void guard(
        { onResponse: (given) => void Object.assign(given.response ?? {}, { status: now }) },
        'closed',
      ).onResponse?.(exchange)
      assert.equal(exchange.response.status, now)
    }
  })
})

it('a hook that is late finds another answer, which stays', async () => {
  for (const failureMode of ['open', 'closed'] as const) {
    const wait = Promise.withResolvers<void>()
    const exchange = { ...createExchange(), response: response() }
    const filter = guard({ onResponse: () => wait.promise }, failureMode)
    const late = Promise.resolve(filter.onResponse?.(exchange))
    const timedOut = { status: 504, headers: new HeaderList() }
    exchange.response = timedOut
    wait.reject(new Error('no'))
    await late.catch(() => {})
    assert.ok(exchange.response === timedOut && timedOut.status === 504)
  }
})
