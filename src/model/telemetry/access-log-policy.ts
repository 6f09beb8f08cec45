/**
 * Which access logs get a line (Telemetry `spec.accessLogging`, merged over all levels, and MeshConfig
 * `defaultProviders.accessLogging`). A policy with no logs at all means that there is to be none, whatever flags say;
 * where there is no policy, flags and MeshConfig `accessLogFile` decide.
 */
export interface AccessLogPolicy {
  /** Sorted by provider, each provider once; that of the flags first. */
  readonly logs: readonly AccessLogChoice[]
}

/** One of the logs of a policy. */
export interface AccessLogChoice {
  /** Name of a `TelemetryProvider` of kind `file-log` or `otel-log` in the same model; absent: the log that flags ask for, if they do. */
  readonly provider?: string
  /** Only exchanges for which this expression is true have a line; absent: all. It can be read: what cannot has been told in a condition, and all is logged. */
  readonly filter?: string
}
