import type { TelemetryPolicy } from '../../model/telemetry/telemetry-policy.ts'
import type { Propagation } from '../../http/tracing/trace-fields.ts'

/** How exchanges are traced where nothing else is said of it: what flags and environment come to. */
export interface TracingDefaults {
  /** Somebody gets the spans of exchanges for which no policy names a provider. */
  readonly hasCollector: boolean
  /** Of the exchanges that nobody has decided about, how many are traced: 0 to 1. */
  readonly ratio: number
  /** What the client has decided counts. */
  readonly followsParent: boolean
  /** Exchanges that fail are reported although they were not chosen. */
  readonly reportsErrors: boolean
  readonly propagation: Propagation
}

/** How the exchanges with one Service are traced. */
export interface TracePlan {
  readonly ratio: number
  /** By the `x-request-id` where there is one, so that all who see it decide alike. */
  readonly samplesByRequestId: boolean
  readonly followsParent: boolean
  readonly reportsErrors: boolean
  /** The application is told of the trace. */
  readonly tellsUpstream: boolean
  readonly propagation: Propagation
}

/** What a policy, or none, comes to; `undefined`: exchanges are not traced, and what they carry of a trace goes on as it is. */
export const planTraces = (policy: TelemetryPolicy | undefined, defaults: TracingDefaults): TracePlan | undefined => {
  const { ratio, followsParent, reportsErrors, propagation, hasCollector } = defaults
  const tracing = policy?.tracing
  if (tracing === undefined) {
    if (!hasCollector) return undefined
    const rest = { samplesByRequestId: false, tellsUpstream: true }
    return { ratio, followsParent, reportsErrors, propagation, ...rest }
  }
  if (tracing.isDisabled || (tracing.provider === undefined && !hasCollector)) return undefined
  return {
    ratio: tracing.samplingPercentage === undefined ? ratio : tracing.samplingPercentage / 100,
    samplesByRequestId: tracing.samplesByRequestId,
    followsParent,
    reportsErrors,
    tellsUpstream: !tracing.hidesContext,
    propagation,
  }
}
