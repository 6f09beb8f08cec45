import type { StatusesInForce } from '../admin/admin-deps.ts'
import { objectStatuses } from '../config/status/object-status.ts'
import type { ConfigUpdate } from '../config/update.ts'
import { conditionsAt } from '../model/condition.ts'
import { readingConditions } from '../filter/guard/reading-conditions.ts'
import { mergeReadings, type FilterReading } from '../filter/guard/reading.ts'

/** What became of each object, and of the filters of users in each process. */
export const statusesInForce = (
  latest: ConfigUpdate | undefined,
  nowMs: number,
  readings: readonly (readonly FilterReading[])[],
): StatusesInForce => {
  const { generation = 0, conditions = [] } = latest ?? {}
  return {
    generation,
    items: objectStatuses([...conditionsAt(conditions, nowMs), ...readingConditions(mergeReadings(readings))]),
  }
}
