import type { Issue } from '../../../lib/decoded.ts'
import { formatDuration } from '../../../lib/duration.ts'
import * as s from '../../../lib/schema.ts'
import {
  defaultEjectionFactor,
  defaultMinimumRequests,
  defaultOutlierDetection as defaults,
} from '../../../model/backend/backend-defaults.ts'
import type { OutlierDetection } from '../../../model/backend/backend-policy.ts'
import { durationWithDefault, LONGEST_TIMER_MS, positiveDuration } from '../../../lib/schemas/positive-duration.ts'

const count = s.integer({ min: 0, max: 1_000_000 })

const successRatio = s.object({
  minimumPercent: s.documented(
    s.integer({ min: 1, max: 100 }),
    'Fewer good answers of a hundred put the endpoint aside.',
  ),
  minimumRequests: s.documented(
    s.withDefault(s.integer({ min: 1, max: 1_000_000 }), defaultMinimumRequests),
    'Fewer requests in an interval say nothing.',
  ),
})

const fields = s.object({
  consecutive5xxErrors: s.documented(
    s.withDefault(count, defaults.consecutive5xxErrors),
    'So many answers 500 to 599 in a row put an endpoint aside; 0: none do.',
  ),
  consecutiveGatewayErrors: s.documented(
    s.withDefault(count, defaults.consecutiveGatewayErrors),
    'So many answers 502, 503 or 504, or tries without an answer, in a row; 0: none do.',
  ),
  consecutiveLocalOriginFailures: s.documented(
    s.withDefault(count, defaults.consecutiveLocalOriginFailures),
    'So many connections in a row that could not be made, or not to the right identity; 0: none do.',
  ),
  successRatio: s.documented(s.optional(successRatio), 'Looks at the share of good answers as well.'),
  interval: s.documented(
    durationWithDefault(defaults.intervalMs, { minMs: 100 }),
    'Over which the success ratio is taken.',
  ),
  baseEjectionTime: s.documented(
    durationWithDefault(defaults.baseEjectionMs, { minMs: 100 }),
    'How long an endpoint is aside the first time; each further time in a row is twice as long.',
  ),
  maxEjectionTime: s.documented(
    s.optional(positiveDuration({ minMs: 100 })),
    `How long it is aside at most; left out: ${defaultEjectionFactor} times the baseEjectionTime.`,
  ),
  maxEjectionPercent: s.documented(
    s.withDefault(s.integer({ min: 0, max: 100 }), defaults.maxEjectionPercent),
    'How many of a hundred endpoints of a port may be aside for what they answer.',
  ),
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
