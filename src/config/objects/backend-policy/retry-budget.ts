import * as s from '../../../lib/schema.ts'
import { defaultRetryBudget as defaults } from '../../../model/backend/backend-defaults.ts'
import type { RetryBudgetPolicy } from '../../../model/backend/backend-policy.ts'
import { positiveDuration } from './positive-duration.ts'

const anHour = 3_600_000
const { percent, intervalMs, minRetryRate } = defaults

const schema = s.object({
  budget: s.withDefault(
    s.object({
      percent: s.withDefault(s.integer({ min: 0, max: 100 }), percent),
      interval: s.withDefault(positiveDuration({ minMs: 1000, maxMs: anHour }), intervalMs),
    }),
    { percent, interval: intervalMs },
  ),
  minRetryRate: s.withDefault(
    s.object({
      count: s.withDefault(s.integer({ min: 1, max: 1_000_000 }), minRetryRate.count),
      interval: s.withDefault(positiveDuration({ maxMs: anHour }), minRetryRate.intervalMs),
    }),
    { count: minRetryRate.count, interval: minRetryRate.intervalMs },
  ),
})

/** `retryConstraint` of XBackendTrafficPolicy (GEP-3388), which BackendPolicy calls `retryBudget`. */
export const retryBudget: s.Schema<RetryBudgetPolicy> = s.map(schema, ({ budget, minRetryRate: floor }) => ({
  percent: budget.percent,
  intervalMs: budget.interval,
  minRetryRate: { count: floor.count, intervalMs: floor.interval },
}))
