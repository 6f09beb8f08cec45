import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFakeClock } from '../../../../test/support/fake-clock.ts'
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
