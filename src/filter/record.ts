import type { HeaderList } from '../http/header-list.ts'
import type { Endpoint } from '../model/endpoint.ts'
import type { SpiffeId } from '../model/identity.ts'
import type { TelemetryPolicy } from '../model/telemetry/telemetry-policy.ts'
import type { AuthorizationDecision } from '../model/security/authorization-decision.ts'

/** Who is calling, as far as the tunnel tells; one object per HBONE connection and workload, so that it can key caches. */
export interface Source {
  /** From the client certificate: the only part that security may rest on. */
  readonly principal: SpiffeId | undefined
  readonly namespace: string | undefined
  readonly serviceAccount: string | undefined
  readonly address: string
  /** From `baggage` when its namespace agrees with the certificate. */
  readonly workload: string | undefined
  readonly canonicalName: string | undefined
  readonly canonicalRevision: string | undefined
  readonly app: string | undefined
  readonly version: string | undefined
  readonly cluster: string | undefined
}

/** Which Service was called; one object per frontend and snapshot, so that it can key caches. */
export interface Destination {
  readonly namespace: string
  readonly name: string
  readonly hostname: string
  readonly port: number
}

/** One try that was given up for another. */
export interface TryRecord {
  readonly endpoint: Endpoint | undefined
  /** Status of its answer; 0 when there was none. */
  readonly status: number
  /** Why it was not the last: an answer with that status, or how it was lost. */
  readonly reason: 'status' | 'connect-failed' | 'refused' | 'reset' | 'timeout' | 'protocol'
  /** For people; empty when the status says it all. */
  readonly failure: string
  readonly durationMs: number
}

/** A span, in the lower-case hexadecimal of W3C Trace Context. */
export interface TraceReference {
  /** 32 digits. */
  readonly traceId: string
  /** 16 digits. */
  readonly spanId: string
}

/** A try's span. */
export interface TrySpan {
  /** 16 hex digits. */
  readonly spanId: string
  /** Monotonic milliseconds. */
  readonly startedAtMs: number
}

/** The span of a question to an external authorization service. */
export interface CheckSpan extends TrySpan {
  /** Who is asked. */
  readonly service: Pick<Destination, 'hostname' | 'port'>
  /** Of the question: over gRPC it is always POST. */
  readonly method: string
  readonly protocol: 'grpc' | 'http'
  /** `undefined`: the exchange was over before. */
  readonly outcome: CheckOutcome | undefined
}

/** What became of such a question. */
export interface CheckOutcome {
  readonly durationMs: number
  readonly verdict: 'allow' | 'deny' | 'error'
  /** Who was asked last; `undefined`: none was ready. */
  readonly endpoint: Endpoint | undefined
  /** Of HTTP; 0 when there was no answer. */
  readonly status: number
  /** Empty where there was none, or gRPC was not spoken. */
  readonly grpcStatus: string
  /** Nothing came in time. */
  readonly isLate: boolean
  /** Why the answer is of no use, for people; empty when it is. */
  readonly failure: string
}

/** Where an exchange stands in a trace: its own span, a server's, is the one that it refers to. */
export interface TraceRecord extends TraceReference {
  /** The client's span; `undefined`: the trace begins here. */
  readonly parentId: string | undefined
  /** As `tracestate` has it. */
  readonly traceState: string | undefined
  /** Chosen when it began, as the endpoint was told. One that was not may be reported all the same, when it has failed. */
  readonly isSampled: boolean
  /** What ztunnel said of its tunnel, which belongs to no trace of an application. */
  readonly tunnel: TraceReference | undefined
  /** In the order of the tries; shared and empty when nobody will be told of them. */
  readonly tries: readonly TrySpan[]
  /** Of external authorization, in the order in which they were asked; shared and empty when there are none. */
  readonly checks: readonly CheckSpan[]
}

/**
 * What happened in one exchange: everything telemetry will ever say about it. Filled while the exchange runs, read
 * when it is over. A connection whose bytes are passed on as they are is one of protocol `tcp`. Times are monotonic milliseconds, sizes bytes on the wire inside the tunnel, heads included.
 */
export interface ExchangeRecord {
  readonly source: Source
  readonly destination: Destination
  readonly startedAtMs: number
  /** Wall clock of the start, milliseconds since the epoch. */
  readonly startedAtEpochMs: number
  durationMs: number
  /** From sending the request upstream to the response head; -1 when there was none. */
  upstreamMs: number
  protocol: 'http' | 'grpc' | 'tcp'
  /** `HTTP/1.1` */
  httpVersion: string
  method: string
  /** As received, with the query. */
  path: string
  authority: string
  requestId: string | undefined
  userAgent: string | undefined
  forwardedFor: string | undefined
  /** What the connection was switched to (WebSocket), so that the duration says nothing of how long an answer took. */
  upgrade: string | undefined
  /** 0 when the client went away before an answer. */
  status: number
  grpcStatus: string
  /** Messages of a gRPC call so far, from the client and to it; there once one of them has come. */
  messages: { request: number; response: number } | undefined
  /** Envoy's short flags: `-`, `NR`, `UH`, `UO`, `UF`, `UC`, `DC`, `UT`, `DPE`, … */
  flags: string
  /** Why it ended as it did, for people: `via_upstream`, `via_app`, `route_not_found`, `direct_response`, … */
  details: string
  /** Text of the failure towards upstream, if any. */
  upstreamFailure: string
  requestBytes: number
  responseBytes: number
  /** `HTTPRoute/NS/NAME`; undefined on pass-through and when nothing matched. */
  route: string | undefined
  rule: string | undefined
  endpoint: Endpoint | undefined
  /** The Service that was chosen, when a backend was. */
  backend: Destination | undefined
  attempts: number
  /** Those before the last one, none of which gave the answer; shared and empty when there was but one. */
  tries: readonly TryRecord[]
  /** Generation of the snapshot that served it. */
  generation: number
  /** The server that a TCP connection's ClientHello asked for, where routes wanted to know. */
  readonly sni?: string | undefined
  /** What AuthorizationPolicies decided, where there are any. */
  authorization?: AuthorizationDecision
  /** `ISSUER/SUBJECT` of the verified token that policies have seen, where there was one. */
  requestPrincipal?: string
  /** AUDIT rules that matched, and what policies would decide that are not carried out (`istio.io/dry-run`). */
  authorizationNotes?: readonly AuthorizationDecision[]
  /** How it is told of; absent: as if there were no Telemetry object. The same object as long as the policy is, so that it can key caches. */
  readonly telemetry?: TelemetryPolicy | undefined
  /** What the client's CONNECT asked for: `10.96.0.12:80`. */
  readonly called?: string | undefined
  /** When the whole of the request had come, on the monotonic clock; -1: it has not. */
  requestEndAtMs?: number
  /** When the response head came from an endpoint, likewise. */
  headAtMs?: number
  /** What came behind the body of the response. */
  responseTrailers?: HeaderList
  /** Its place in a trace; absent: it is not traced. */
  trace?: TraceRecord | undefined
  /** Why a TCP connection was refused, or what is wrong with a request that breaks HTTP; for people. */
  termination?: string
}
