import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createGuardBed } from '../../../test/support/filters/guard-bed.ts'
import { userFilter } from '../../../test/support/filters/user-filter.ts'
import { createExchange } from '../testing.ts'
import { HOOK, SLOT, watchedHooks } from './hook-slots.ts'

it('versions that failed and are gone do not take up slots for good', () => {
  const { clock, guard, slots } = createGuardBed()
  const hook = {
    onRequest: () => {
      throw new Error('no')
    },
  }
  for (let version = 0; version < 5; version++) {
    const filter = guard(hook, { version: `v${version}` })
    for (let i = 0; i < 10; i++) assert.throws(() => filter.onRequest?.(createExchange()))
    filter.close?.()
    clock.advance(30_000 + 600_000)
  }
  // Only that of the last one.
  assert.equal(slots.take(), 2)
})

it('who is being made can be seen, and leaves nothing behind', () => {
  const { guards, slots } = createGuardBed()
  slots.cells[SLOT] = 7
  const leave = guards.enterCreate(userFilter, 'Stamp')
  assert.equal(slots.cells[SLOT], 1)
  assert.equal(watchedHooks[slots.cells[HOOK] ?? 0], 'create')
  leave()
  assert.equal(slots.cells[SLOT], 7)
  assert.equal(slots.take(), 1)
})
