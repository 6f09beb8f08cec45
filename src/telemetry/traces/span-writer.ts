/** Writes reports of spans: an `ExportTraceServiceRequest` of OTLP (opentelemetry/proto/trace/v1). */
import type { ExchangeRecord, TraceRecord } from '../../filter/record.ts'
import type { Endpoint } from '../../model/endpoint.ts'
import { errorTypeOf } from './outcome.ts'
import { PeerTags, type Tags } from './peer-tags.ts'
import { ProtoWriter } from './proto-writer.ts'
import { clientErrorOf, clientTags, clusterOf, serverTags } from './span-tags.ts'
import type { TracedExchange } from './traced-exchange.ts'

/** What is the same in all spans. */
export interface SpanParts {
  /** Attributes of the resource. */
  readonly resource: Tags
  /** Tags of the waypoint itself. */
  readonly selfTags: Tags
  readonly version: string
}

/** `SpanKind` and `Status.StatusCode`. */
const SERVER = 2
const CLIENT = 3
const ERROR = 2
/** Of a span's attributes. */
const ATTRIBUTES = 9
/** Bits of `flags`: it is known whether the parent is remote, and it is. */
const HAS_IS_REMOTE = 0x100
const IS_REMOTE = 0x200

const noTags: Tags = {}

export class SpanWriter {
  readonly #resource: Buffer
  readonly #scope: Buffer
  readonly #peers = new PeerTags()
  readonly #selfTags: Tags
  /** What Istio's tags of the waypoint are left to where they are not wanted. */
  readonly #bareTags: Tags
  /** Sets of tags as they are written, those of sources and endpoints above all. */
  readonly #encoded = new WeakMap<Tags, Buffer>()
  readonly #span = new ProtoWriter()
  readonly #parts = new ProtoWriter()
  readonly #spans = new ProtoWriter()

  constructor({ resource, selfTags, version }: SpanParts) {
    this.#selfTags = selfTags
    this.#bareTags = { component: 'proxy', node_id: selfTags['node_id'] ?? '' }
    this.#resource = this.#encode(resource, 1)
    this.#parts.reset()
    this.#parts.text(1, 'fairway')
    this.#parts.text(2, version)
    this.#scope = this.#parts.copy()
  }

  /** A report of these exchanges: the span of each, and one for each of its tries. */
  write(exchanges: readonly TracedExchange[]): Buffer {
    const spans = this.#spans
    spans.reset()
    spans.bytes(1, this.#scope)
    for (const exchange of exchanges) this.#writeExchange(exchange)
    const parts = this.#parts
    parts.reset()
    parts.bytes(1, this.#resource)
    parts.bytes(2, spans.view())
    const report = this.#span
    report.reset()
    report.bytes(1, parts.view())
    return report.copy()
  }

  #writeExchange(exchange: TracedExchange): void {
    const { trace, attempts } = exchange.record
    if (trace === undefined) return
    this.#writeServer(exchange, trace)
    // One that found no endpoint was none.
    const tries = Math.min(trace.tries.length, attempts)
    for (let i = 0; i < tries; i++) this.#writeTry(exchange, trace, i)
  }

  #writeServer({ record, tagger, custom }: TracedExchange, trace: TraceRecord): void {
    const span = this.#span
    const { destination, endpoint, startedAtEpochMs } = record
    const errorType = errorTypeOf(record)
    this.#begin(trace, { spanId: trace.spanId, parentId: trace.parentId })
    span.text(5, `${destination.hostname}:${destination.port}/*`)
    span.uint(6, SERVER)
    span.time(7, startedAtEpochMs)
    span.time(8, startedAtEpochMs + record.durationMs)
    this.#shared(record, { endpoint, custom, hasIstioTags: tagger.hasIstioTags })
    serverTags(record, tagger.maxPathLength, (name, value) => span.attribute(ATTRIBUTES, name, value))
    if (trace.tunnel !== undefined) this.#link(trace.tunnel)
    if (errorType !== undefined) this.#fail(record.details)
    this.#end(trace, trace.parentId === undefined ? HAS_IS_REMOTE : HAS_IS_REMOTE | IS_REMOTE)
  }

  #writeTry({ record, tagger, custom }: TracedExchange, trace: TraceRecord, index: number): void {
    const started = trace.tries[index]
    if (started === undefined) return
    const span = this.#span
    const lost = record.tries[index]
    const endpoint = lost === undefined ? record.endpoint : lost.endpoint
    const startMs = record.startedAtEpochMs + started.startedAtMs - record.startedAtMs
    const errorType = clientErrorOf(record, lost)
    this.#begin(trace, { spanId: started.spanId, parentId: trace.spanId })
    span.text(5, `router ${clusterOf(record.backend ?? record.destination)} egress`)
    span.uint(6, CLIENT)
    span.time(7, startMs)
    span.time(8, lost === undefined ? record.startedAtEpochMs + record.durationMs : startMs + lost.durationMs)
    this.#shared(record, { endpoint, custom, hasIstioTags: tagger.hasIstioTags })
    clientTags({ record, endpoint, repeats: index, lost }, (name, value) => span.attribute(ATTRIBUTES, name, value))
    if (errorType !== undefined) this.#fail(errorType)
    this.#end(trace, HAS_IS_REMOTE)
  }

  #begin(
    { traceId, traceState }: TraceRecord,
    { spanId, parentId }: { readonly spanId: string; readonly parentId: string | undefined },
  ): void {
    const span = this.#span
    span.reset()
    span.hex(1, traceId)
    span.hex(2, spanId)
    if (traceState !== undefined) span.text(3, traceState)
    if (parentId !== undefined) span.hex(4, parentId)
  }

  /** Tags that are the same in many spans. */
  #shared(
    { source }: ExchangeRecord,
    {
      endpoint,
      custom,
      hasIstioTags,
    }: { readonly endpoint: Endpoint | undefined; readonly custom: Tags; readonly hasIstioTags: boolean },
  ): void {
    const span = this.#span
    span.raw(this.#encode(hasIstioTags ? this.#selfTags : this.#bareTags, ATTRIBUTES))
    if (hasIstioTags) {
      span.raw(this.#encode(this.#peers.ofSource(source), ATTRIBUTES))
      span.raw(this.#encode(endpoint === undefined ? noTags : this.#peers.ofEndpoint(endpoint), ATTRIBUTES))
    }
    for (const name of Object.keys(custom)) span.attribute(ATTRIBUTES, name, custom[name] ?? '')
  }

  /** The tunnel is not what the request is part of, but what it came through. */
  #link({ traceId, spanId }: NonNullable<TraceRecord['tunnel']>): void {
    const link = this.#parts
    link.reset()
    link.hex(1, traceId)
    link.hex(2, spanId)
    link.attribute(4, 'fairway.link', 'hbone_tunnel')
    link.fixed32(6, HAS_IS_REMOTE | IS_REMOTE)
    this.#span.bytes(13, link.view())
  }

  #fail(message: string): void {
    const status = this.#parts
    status.reset()
    status.text(2, message)
    status.uint(3, ERROR)
    this.#span.bytes(15, status.view())
  }

  #end({ isSampled }: TraceRecord, remote: number): void {
    this.#span.fixed32(16, remote | (isSampled ? 1 : 0))
    this.#spans.bytes(2, this.#span.view())
  }

  #encode(tags: Tags, field: number): Buffer {
    const known = this.#encoded.get(tags)
    if (known !== undefined) return known
    const writer = this.#parts
    writer.reset()
    for (const [name, value] of Object.entries(tags)) writer.attribute(field, name, value)
    const encoded = writer.copy()
    this.#encoded.set(tags, encoded)
    return encoded
  }
}
