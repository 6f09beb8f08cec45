import type { EndpointKey } from '../../model/endpoint.ts'
import type { OtlpProtocol } from '../../model/telemetry/otlp-protocol.ts'
import type { CallAnswer, CallRequest } from '../../proxy/side/provider-call.ts'

/** Asks a Service of the mesh, over the pools, and with the identity, that requests have. */
export type CallService = (to: EndpointKey, request: CallRequest, timeoutMs: number) => Promise<CallAnswer>

/** Where a collector is, and how it is spoken to. */
export type OtlpTarget =
  /** As `OTEL_EXPORTER_OTLP_…` has it: endpoint, headers, certificates, compression, time. */
  | { readonly kind: 'environment'; readonly protocol: OtlpProtocol; readonly url: string | undefined }
  /** By name, in plaintext: what is no Service that is known here. */
  | ({ readonly kind: 'host' } & CollectorFacts)
  /** A Service, through the mesh. */
  | ({ readonly kind: 'service'; readonly endpoints: EndpointKey } & CollectorFacts)

/** What a MeshConfig says of a collector. */
export interface CollectorFacts {
  readonly protocol: OtlpProtocol
  readonly hostname: string
  readonly port: number
  /** Of HTTP; absent: as OTLP has it. */
  readonly path?: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Default 10,000. */
  readonly timeoutMs?: number
}

/** Of OpenTelemetry. */
export const DEFAULT_TIMEOUT_MS = 10_000
