import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { thrownMessage } from '../../lib/errors/thrown-text.ts'
import type { UserFilter } from '../../model/filter-spec.ts'
import { createExchange } from '../testing.ts'
import { createFilterGuards } from './guard.ts'
import { createHookSlots, HOOK, SLOT, watchedHooks } from './hook-slots.ts'

const user: UserFilter = {
  id: 'shop/stamp',
  module: 'abc',
  version: 'v1',
  failureMode: 'closed',
  hookMs: 10,
  waitMs: 1000,
  isolation: 'none',
}

const setUp = () => {
  const clock = createFakeClock()
  const slots = createHookSlots()
  const guards = createFilterGuards({
    clock,
    slots,
    describe: thrownMessage,
    locate: () => undefined,
    onFailure: () => {},
    onQuarantine: () => {},
  })
  return { clock, guards, slots }
}

it('versions that failed and are gone do not take up slots for good', () => {
  const { clock, guards, slots } = setUp()
  const hook = {
    onRequest: () => {
      throw new Error('no')
    },
  }
  for (let version = 0; version < 5; version++) {
    const filter = guards.guard(
      hook,
      { kind: 'Stamp', config: {}, origin: 'Filter shop/stamp', user: { ...user, version: `v${version}` } },
      { kind: 'Stamp' },
    )
    for (let i = 0; i < 10; i++) assert.throws(() => filter.onRequest?.(createExchange()))
    filter.close?.()
    clock.advance(30_000 + 600_000)
  }
  // Only that of the last one.
  assert.equal(slots.take(), 2)
})

it('who is being made can be seen, and leaves nothing behind', () => {
  const { guards, slots } = setUp()
  slots.cells[SLOT] = 7
  const leave = guards.enterCreate(user, 'Stamp')
  assert.equal(slots.cells[SLOT], 1)
  assert.equal(watchedHooks[slots.cells[HOOK] ?? 0], 'create')
  leave()
  assert.equal(slots.cells[SLOT], 7)
  assert.equal(slots.take(), 1)
})
