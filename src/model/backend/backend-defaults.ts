/** What the parts of a BackendPolicy are where it leaves a field out: the one place that has these figures. */
import type { OutlierDetection, RetryBudgetPolicy, SessionPersistence } from './backend-policy.ts'

/** The part of its requests that an endpoint begins with (`slowStart.minimumPercent`). */
export const defaultSlowStartPercent = 10

/** An ejection ends at the latest after this many times `baseEjectionTime`. */
export const defaultEjectionFactor = 8

/**
 * `outlierDetection`. Counts are Istio's; times are short, since an endpoint that comes back is tried with one request
 * at a time first.
 */
export const defaultOutlierDetection: OutlierDetection = {
  consecutive5xxErrors: 5,
  consecutiveGatewayErrors: 0,
  consecutiveLocalOriginFailures: 3,
  intervalMs: 10_000,
  baseEjectionMs: 1000,
  maxEjectionMs: 1000 * defaultEjectionFactor,
  maxEjectionPercent: 50,
}

/**
 * What holds without `outlierDetection`: an answer, whatever it says, ejects nobody. Who cannot be connected to is of no
 * use, however many there are of them; that is no guess, and a dial brings them back. When nobody is left all are used.
 */
export const passiveOutlierDetection: OutlierDetection = {
  ...defaultOutlierDetection,
  consecutive5xxErrors: 0,
  maxEjectionPercent: 100,
}

/** `outlierDetection.successRatio`: fewer requests in an interval say nothing. */
export const defaultMinimumRequests = 100

/** `retryBudget` (GEP-3388); it holds without a policy too. */
export const defaultRetryBudget: RetryBudgetPolicy = {
  percent: 20,
  intervalMs: 10_000,
  minRetryRate: { count: 10, intervalMs: 1000 },
}

/** `sessionPersistence` (GEP-1619); its name is made by whoever has nothing better. */
export const defaultSession: Pick<SessionPersistence, 'type' | 'lifetimeType'> = {
  type: 'Cookie',
  lifetimeType: 'Session',
}
