import type { AccessLogPolicy } from './access-log-policy.ts'
import type { MetricsPolicy } from './metrics-policy.ts'
import type { TelemetryProvider } from './telemetry-provider.ts'
import type { TracingPolicy } from './tracing-policy.ts'

/**
 * What is told of the exchanges with one Service: Telemetry objects (telemetry.istio.io) of all levels and the MeshConfig,
 * merged. What is absent is as it is without any of them: Istio's metrics with all their labels, and otherwise what
 * flags say.
 */
export interface TelemetryPolicy {
  /** Where it comes from, in the order in which each overrides the one before: `istio-system/mesh-default,shop/api`. */
  readonly key: string
  readonly metrics?: MetricsPolicy
  readonly accessLogs?: AccessLogPolicy
  readonly tracing?: TracingPolicy
}

/** All of it that a model has. Small, whatever the number of Services: those that are told of alike share a policy. */
export interface ModelTelemetry {
  /** The extension providers of the mesh that policies name, sorted by name. */
  readonly providers: readonly TelemetryProvider[]
  /** Sorted by key. */
  readonly policies: readonly TelemetryPolicy[]
  /** Key of the policy for what goes to Pods themselves; absent: there is none. */
  readonly podPolicy?: string
}
