/**
 * How exchanges are traced (Telemetry `spec.tracing`, merged over all levels, over MeshConfig `defaultProviders.tracing` and
 * `defaultConfig.tracing`). Of Istio's two modes a waypoint is the server.
 */
export interface TracingPolicy {
  /** Name of a `TelemetryProvider` of kind `opentelemetry` in the same model; absent: none is named, and that of the flags is meant, if there is one. */
  readonly provider?: string
  /** No spans are reported; the context of the client goes on to the application all the same. */
  readonly isDisabled: boolean
  /** 0 to 100, of those that nobody has decided about before; absent: as flags say, else Istio's 1. */
  readonly samplingPercentage?: number
  /** Sorted by name. */
  readonly customTags: readonly CustomTag[]
  /** Istio's own tags are on spans (`istio.canonical_service` and so on). */
  readonly hasIstioTags: boolean
  /** Whether a request is sampled depends on its `x-request-id`, so that all who see the id decide alike. */
  readonly samplesByRequestId: boolean
  /** The application is told nothing of the trace (`disableContextPropagation`). */
  readonly hidesContext: boolean
  /** Longer values of the tag with the path are cut (`maxPathTagLength`, `maxTagLength`); absent: 256 characters. */
  readonly maxPathTagLength?: number
}

/** A tag of every span, beside those that each has. */
export type CustomTag =
  | { readonly kind: 'literal'; readonly name: string; readonly value: string }
  /** Of this process; `defaultValue` where it is not set; without one the tag is left out then. */
  | { readonly kind: 'environment'; readonly name: string; readonly variable: string; readonly defaultValue?: string }
  /** `header` in lower case; of the request. */
  | { readonly kind: 'header'; readonly name: string; readonly header: string; readonly defaultValue?: string }
  /** As formats of access logs are written: `%REQ(:METHOD)%`. */
  | { readonly kind: 'format'; readonly name: string; readonly format: string }
