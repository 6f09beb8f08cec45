import type { Issue } from '../../../lib/decoded.ts'
import { formatDuration } from '../../../lib/duration.ts'
import * as s from '../../../lib/schema.ts'
import {
  defaultEjectionFactor,
  defaultMinimumRequests,
  defaultOutlierDetection as defaults,
} from '../../../model/backend/backend-defaults.ts'
import type { OutlierDetection } from '../../../model/backend/backend-policy.ts'
import { LONGEST_TIMER_MS, positiveDuration } from './positive-duration.ts'

const count = s.integer({ min: 0, max: 1_000_000 })

const successRatio = s.object({
  minimumPercent: s.integer({ min: 1, max: 100 }),
  minimumRequests: s.withDefault(s.integer({ min: 1, max: 1_000_000 }), defaultMinimumRequests),
})

const fields = s.object({
  consecutive5xxErrors: s.withDefault(count, defaults.consecutive5xxErrors),
  consecutiveGatewayErrors: s.withDefault(count, defaults.consecutiveGatewayErrors),
  consecutiveLocalOriginFailures: s.withDefault(count, defaults.consecutiveLocalOriginFailures),
  successRatio: s.optional(successRatio),
  interval: s.withDefault(positiveDuration({ minMs: 100 }), defaults.intervalMs),
  baseEjectionTime: s.withDefault(positiveDuration({ minMs: 100 }), defaults.baseEjectionMs),
  maxEjectionTime: s.optional(positiveDuration({ minMs: 100 })),
  maxEjectionPercent: s.withDefault(s.integer({ min: 0, max: 100 }), defaults.maxEjectionPercent),
})

const schema = s.refine(fields, ({ baseEjectionTime, maxEjectionTime }, path): readonly Issue[] =>
  maxEjectionTime === undefined || maxEjectionTime >= baseEjectionTime
    ? []
    : [
        {
          message: 'is shorter than the first ejection',
          path: `${path}.maxEjectionTime`,
          found: formatDuration(maxEjectionTime),
          expected: `at least the baseEjectionTime, ${formatDuration(baseEjectionTime)}`,
        },
      ],
)

/** `spec.outlierDetection`, with Istio's names where Istio has the field. */
export const outlierDetection: s.Schema<OutlierDetection> = s.map(
  schema,
  ({ interval, baseEjectionTime, maxEjectionTime, ...counts }) => ({
    ...counts,
    intervalMs: interval,
    baseEjectionMs: baseEjectionTime,
    maxEjectionMs: maxEjectionTime ?? Math.min(baseEjectionTime * defaultEjectionFactor, LONGEST_TIMER_MS),
  }),
)
