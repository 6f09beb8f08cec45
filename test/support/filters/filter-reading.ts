import { countFailures } from '../../../src/filter/guard/reading.ts'
import type { FilterReading } from '../../../src/filter/guard/reading.ts'

/** What is read of the filter shop/stamp, which nobody has called yet, but for `changes`. */
export const filterReading = (changes: Partial<FilterReading> = {}): FilterReading => ({
  id: 'shop/stamp',
  kind: 'Stamp',
  version: 'v1',
  isolation: 'none',
  budget: { hookMs: 10, waitMs: 1000 },
  failureMode: 'closed',
  state: 'active',
  calls: 0,
  failures: countFailures(),
  hookMs: { max: 0, sum: 0 },
  hookBuckets: [],
  ...changes,
})
