/** Istio's metrics as Telemetry objects name them, in the order in which they are written (waypoint contract 6.1). */
export const istioMetricNames = [
  'REQUEST_COUNT',
  'REQUEST_DURATION',
  'REQUEST_SIZE',
  'RESPONSE_SIZE',
  'GRPC_REQUEST_MESSAGES',
  'GRPC_RESPONSE_MESSAGES',
  'TCP_OPENED_CONNECTIONS',
  'TCP_CLOSED_CONNECTIONS',
  'TCP_SENT_BYTES',
  'TCP_RECEIVED_BYTES',
] as const

/** `REQUEST_COUNT` is `istio_requests_total`, and so on. */
export type IstioMetricName = (typeof istioMetricNames)[number]

/** How metrics differ from Istio's (Telemetry `spec.metrics[].overrides`, merged over all levels). */
export interface MetricsPolicy {
  /** In the order of `istioMetricNames`, each at most once; those that are not among them are as Istio has them. */
  readonly overrides: readonly MetricOverride[]
}

/** What is other about one metric. */
export interface MetricOverride {
  readonly metric: IstioMetricName
  /** It is not counted at all. */
  readonly isDisabled: boolean
  /** Sorted by name, each name once. */
  readonly tags: readonly TagOverride[]
}

/** A label that is left out; or one whose value is what an expression comes to, in the place of Istio's or after them. */
export type TagOverride =
  | { readonly kind: 'remove'; readonly name: string }
  /** `expression` can be read: what cannot has been told in a condition, and is not here. */
  | { readonly kind: 'upsert'; readonly name: string; readonly expression: string }
