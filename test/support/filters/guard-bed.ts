import { createFilterGuards } from '../../../src/filter/guard/guard.ts'
import type { FilterGuards } from '../../../src/filter/guard/guard.ts'
import { createHookSlots } from '../../../src/filter/guard/hook-slots.ts'
import type { HookSlots } from '../../../src/filter/guard/hook-slots.ts'
import type { FilterReading } from '../../../src/filter/guard/reading.ts'
import type { Filter } from '../../../src/filter/index.ts'
import { thrownMessage } from '../../../src/lib/errors/thrown-text.ts'
import type { UserFilter } from '../../../src/model/filter-spec.ts'
import { createFakeClock } from '../fake-clock.ts'
import type { FakeClock } from '../fake-clock.ts'
import { userFilter } from './user-filter.ts'

/** Guards, and what they tell. */
export interface GuardBed {
  readonly clock: FakeClock
  readonly guards: FilterGuards
  readonly slots: HookSlots
  /** The kind of each failure, and the message of each quarantine, as they came. */
  readonly told: readonly string[]
  /** Guards it as `userFilter` but for `changes`. */
  readonly guard: (filter: Filter, changes?: Partial<UserFilter>) => Filter
  readonly reading: () => FilterReading | undefined
}

/** Guards on a fake clock; each failure is found in stamp.ts:3. */
export const createGuardBed = (): GuardBed => {
  const clock = createFakeClock()
  const told: string[] = []
  const slots = createHookSlots()
  const guards = createFilterGuards({
    clock,
    slots,
    describe: thrownMessage,
    locate: (error) => (error instanceof Error ? 'stamp.ts:3' : undefined),
    onFailure: ({ kind }) => void told.push(kind),
    onQuarantine: ({ message }) => void told.push(message),
  })
  return {
    clock,
    guards,
    slots,
    told,
    guard: (filter, changes = {}) =>
      guards.guard(
        filter,
        { kind: 'Stamp', config: {}, origin: 'Filter shop/stamp', user: { ...userFilter, ...changes } },
        { kind: 'Stamp' },
      ),
    reading: () => guards.read()[0],
  }
}
