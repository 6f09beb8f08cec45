import * as s from '../../../lib/schema.ts'
import { defaultRetryBudget as defaults } from '../../../model/backend/backend-defaults.ts'
import type { RetryBudgetPolicy } from '../../../model/backend/backend-policy.ts'
import { durationWithDefault } from '../../../lib/schemas/positive-duration.ts'

const anHour = 3_600_000
const { percent, intervalMs, minRetryRate } = defaults

const schema = s.object({
  budget: s.documented(
    s.withDefault(
      s.object({
        percent: s.documented(
          s.withDefault(s.integer({ min: 0, max: 100 }), percent),
          'How many of a hundred requests of the interval may be tries after the first.',
        ),
        interval: s.documented(
          durationWithDefault(intervalMs, { minMs: 1000, maxMs: anHour }),
          'How far back requests are counted; from 1s to 1h.',
        ),
      }),
      { percent, interval: intervalMs },
      {},
    ),
    'What may be sent again, as a share of all requests.',
  ),
  minRetryRate: s.documented(
    s.withDefault(
      s.object({
        count: s.documented(
          s.withDefault(s.integer({ min: 1, max: 1_000_000 }), minRetryRate.count),
          'So many tries after the first are always allowed.',
        ),
        interval: s.documented(durationWithDefault(minRetryRate.intervalMs, { maxMs: anHour }), 'In each of these.'),
      }),
      { count: minRetryRate.count, interval: minRetryRate.intervalMs },
      {},
    ),
    'What may be sent again whatever the budget says.',
  ),
})

/** `retryConstraint` of XBackendTrafficPolicy (GEP-3388), which BackendPolicy calls `retryBudget`. */
export const retryBudget: s.Schema<RetryBudgetPolicy> = s.map(schema, ({ budget, minRetryRate: floor }) => ({
  percent: budget.percent,
  intervalMs: budget.interval,
  minRetryRate: { count: floor.count, intervalMs: floor.interval },
}))
