import type { EndpointKey } from '../endpoint.ts'

/** An extension provider of the mesh that something can be told (MeshConfig.extensionProviders). Names are compared without their case, as Istio does. */
export type TelemetryProvider =
  | PrometheusProvider
  | TracingProvider
  | FileLogProvider
  | OtelLogProvider
  | UnsupportedProvider

/** Kinds of them that can be carried out. */
export type TelemetryProviderKind = Exclude<TelemetryProvider['kind'], 'unsupported'>

/** Whoever scrapes (`prometheus`). */
export interface PrometheusProvider {
  readonly kind: 'prometheus'
  readonly name: string
}

/** A collector that gets spans by OTLP (`opentelemetry`). */
export interface TracingProvider {
  readonly kind: 'opentelemetry'
  readonly name: string
  readonly collector: Collector
  /** Absent: gRPC. */
  readonly http?: { readonly path: string }
  /** Of gRPC or HTTP; the values may be secrets. */
  readonly headers: readonly ProviderHeader[]
  /** How long a report may take; absent: as the exporter has it. */
  readonly timeoutMs?: number
  /** Attributes of the resource are read from `OTEL_RESOURCE_ATTRIBUTES` (`resourceDetectors.environment`). */
  readonly detectsEnvironment: boolean
  /** `maxTagLength` */
  readonly maxTagLength?: number
}

/** Lines in a file, or on stdout or stderr (`envoyFileAccessLog`). */
export interface FileLogProvider {
  readonly kind: 'file-log'
  readonly name: string
  /** `/dev/stdout` by default. */
  readonly path: string
  /** Absent: Istio's text format. */
  readonly format?: LogFormat
}

/** A collector that gets log records by OTLP (`envoyOtelAls`). */
export interface OtelLogProvider {
  readonly kind: 'otel-log'
  readonly name: string
  readonly collector: Collector
  /** Absent: `otel_envoy_accesslog`, as Istio has it. */
  readonly logName?: string
  /** The body (`text`) and the attributes (`labels`) of a record; absent: Istio's text format as the body. */
  readonly format?: { readonly text?: string; readonly labels?: LogLabels }
}

/** One of a kind that cannot be carried out, and what its field is called: `zipkin`. */
export interface UnsupportedProvider {
  readonly kind: 'unsupported'
  readonly name: string
  readonly field: string
}

/** Where a collector is: `service: [NAMESPACE/]HOSTNAME` and `port`. */
export interface Collector {
  readonly namespace?: string
  readonly hostname: string
  readonly port: number
  /** Among the model's endpoints; absent: it is no Service that is known here, and is looked up by name. */
  readonly endpoints?: EndpointKey
}

/** A header of a report; `environment` names a variable of this process that has its value. */
export type ProviderHeader =
  | { readonly kind: 'value'; readonly name: string; readonly value: string }
  | { readonly kind: 'environment'; readonly name: string; readonly variable: string }

/** How a line of a file is written: with operators in a text, or as JSON. */
export type LogFormat =
  | { readonly kind: 'text'; readonly text: string }
  /** Without `labels` the keys are Istio's. */
  | { readonly kind: 'labels'; readonly labels?: LogLabels; readonly omitsEmpty: boolean }

/** The keys of JSON in their order; values are texts with operators, or further keys. */
export interface LogLabels {
  readonly [key: string]: LogLabel
}

export type LogLabel = string | number | boolean | LogLabels | readonly LogLabel[]
