/** Writes spans as OTLP has them (opentelemetry/proto/trace/v1), straight from the records of exchanges. */
import type { CheckSpan, Destination, ExchangeRecord, Source, TraceRecord, TrySpan } from '../../../filter/record.ts'
import type { Endpoint } from '../../../model/endpoint.ts'
import { CommonPartsCache, type CommonParts } from './common-parts.ts'
import { asAttributes, encode, encodedObjects, encodedValues, RESOURCE_ATTRIBUTES, SPAN_ATTRIBUTES } from './encoded.ts'
import { errorTypeOf } from '../outcome.ts'
import { istioEndpointTags, istioSourceTags, type Tags } from './peer-tags.ts'
import { ProtoWriter } from './proto-writer.ts'
import * as tags from './span-tags.ts'
import type { TracedExchange } from '../traced-exchange.ts'

/** `SpanKind` and `Status.StatusCode`. */
const SERVER = 2
const CLIENT = 3
const ERROR = 2
/** Bits of `flags`: it is known whether the parent is remote, and it is. */
const HAS_IS_REMOTE = 0x100
const IS_REMOTE = 0x200
/** Of a span's name. */
const NAME = 5

/** Who answered, and with what. */
interface Answer {
  readonly endpoint: Endpoint | undefined
  readonly status: number
  /** Of the last answer, which is what the exchange came to. */
  readonly flags?: string
  readonly hasIstioTags: boolean
}

/** Of an object as it is. */
const ownTags = (own: Tags, take: tags.TakeTag): void => {
  for (const name of Object.keys(own)) take(name, own[name] ?? '')
}

/** Attributes of a resource as a message has them. */
export const encodeResource = (resource: Tags): Buffer => encode(asAttributes(ownTags, RESOURCE_ATTRIBUTES), resource)

export class SpanWriter {
  readonly #selfTags: Tags
  /** What Istio's tags of the waypoint are left to where they are not wanted. */
  readonly #bareTags: Tags
  readonly #span = new ProtoWriter()
  readonly #part = new ProtoWriter()
  readonly #take: tags.TakeTag = (name, value) => this.#span.attribute(SPAN_ATTRIBUTES, name, value)
  // What many spans have in common.
  readonly #own = encodedObjects<Tags>(asAttributes(ownTags))
  readonly #sources = encodedObjects<Source>(asAttributes(tags.clientAddressTags))
  readonly #istioSources = encodedObjects<Source>(asAttributes(istioSourceTags))
  readonly #endpoints = encodedObjects<Endpoint>(asAttributes(tags.endpointTags))
  readonly #istioEndpoints = encodedObjects<Endpoint>(asAttributes(istioEndpointTags))
  readonly #services = encodedObjects<Destination>(asAttributes(tags.serviceTags))
  readonly #clusters = encodedObjects<Destination>(asAttributes(tags.clusterTags))
  readonly #serverNames = encodedObjects<Destination>(({ hostname, port }, writer) =>
    writer.text(NAME, `${hostname}:${port}/*`),
  )
  readonly #tryNames = encodedObjects<Destination>((destination, writer) =>
    writer.text(NAME, `router ${tags.clusterOf(destination)} egress`),
  )
  readonly #methods = encodedValues<string>(asAttributes(tags.methodTags))
  readonly #serverVersions = encodedValues<string>(asAttributes(tags.serverVersionTags))
  readonly #clientVersions = encodedValues<string>(asAttributes(tags.clientVersionTags))
  readonly #statuses = encodedValues<number>(asAttributes(tags.statusTags))
  readonly #flags = encodedValues<string>(asAttributes(tags.flagTags))
  readonly #writeRule = asAttributes(tags.ruleTags)
  readonly #common = new CommonPartsCache((record, hasIstioTags) => ({
    server: encode<ExchangeRecord>((of, span) => this.#serverParts(span, of, hasIstioTags), record),
    client: encode<ExchangeRecord>((of, span) => this.#clientParts(span, of, answerOf(of, hasIstioTags)), record),
  }))

  /** `selfTags` are those of the waypoint itself. */
  constructor(selfTags: Tags) {
    this.#selfTags = selfTags
    this.#bareTags = { component: 'proxy', node_id: selfTags['node_id'] ?? '' }
  }

  /** Writes the spans of an exchange as fields `field` of a message: its own, and one for each of its checks and tries; how many. */
  write(exchange: TracedExchange, into: ProtoWriter, field: number): number {
    const { trace, attempts } = exchange.record
    if (trace === undefined) return 0
    const common = this.#common.of(exchange.record, exchange.tagger.hasIstioTags)
    this.#writeServer(exchange, trace, common)
    into.message(field, this.#span)
    for (const check of trace.checks) {
      this.#writeCheck(exchange, trace, check)
      into.message(field, this.#span)
    }
    // One that found no endpoint was none.
    const tries = Math.min(trace.tries.length, attempts)
    for (let i = 0; i < tries; i++) {
      this.#writeTry(exchange, { trace, common }, i)
      into.message(field, this.#span)
    }
    return 1 + trace.checks.length + tries
  }

  #writeServer(exchange: TracedExchange, trace: TraceRecord, common: CommonParts | undefined): void {
    const span = this.#span
    const { record, tagger, custom } = exchange
    const { startedAtEpochMs } = record
    this.#begin(trace, trace.spanId, trace.parentId)
    if (common === undefined) this.#serverParts(span, record, tagger.hasIstioTags)
    else span.raw(common.server)
    span.time(7, startedAtEpochMs)
    span.time(8, startedAtEpochMs + record.durationMs)
    ownTags(custom, this.#take)
    tags.serverTags(record, tagger.maxPathLength, this.#take)
    if (trace.tunnel !== undefined) this.#link(trace.tunnel)
    if (errorTypeOf(record) !== undefined) this.#fail(record.details)
    this.#end(trace, trace.parentId === undefined ? HAS_IS_REMOTE : HAS_IS_REMOTE | IS_REMOTE)
  }

  #serverParts(span: ProtoWriter, record: ExchangeRecord, hasIstioTags: boolean): void {
    const { destination } = record
    span.raw(this.#serverNames.of(destination))
    span.uint(6, SERVER)
    this.#sharedParts(span, record, answerOf(record, hasIstioTags))
    span.raw(this.#serverVersions.of(record.httpVersion))
    span.raw(this.#sources.of(record.source))
    span.raw(this.#services.of(destination))
    this.#writeRule(record, span)
  }

  #writeTry(
    exchange: TracedExchange,
    { trace, common }: { readonly trace: TraceRecord; readonly common: CommonParts | undefined },
    index: number,
  ): void {
    const started = trace.tries[index]
    const { record, tagger, custom } = exchange
    const lost = record.tries[index]
    const startMs = started === undefined ? record.startedAtEpochMs : epochOf(record, started)
    const errorType = tags.clientErrorOf(record, lost)
    const span = this.#span
    this.#begin(trace, started?.spanId ?? '', trace.spanId)
    if (common === undefined || lost !== undefined)
      this.#clientParts(span, record, answerOf(lost ?? record, tagger.hasIstioTags))
    else span.raw(common.client)
    span.time(7, startMs)
    span.time(8, lost === undefined ? record.startedAtEpochMs + record.durationMs : startMs + lost.durationMs)
    ownTags(custom, this.#take)
    tags.clientTags({ record, repeats: index, lost }, this.#take)
    if (errorType !== undefined) this.#fail(errorType)
    this.#end(trace, HAS_IS_REMOTE)
  }

  #writeCheck({ record, tagger }: TracedExchange, trace: TraceRecord, check: CheckSpan): void {
    const { outcome } = check
    const { hasIstioTags } = tagger
    const endpoint = outcome?.endpoint
    const startMs = epochOf(record, check)
    const endMs = outcome === undefined ? record.startedAtEpochMs + record.durationMs : startMs + outcome.durationMs
    const span = this.#span
    this.#begin(trace, check.spanId, trace.spanId)
    span.text(NAME, `async ${tags.outboundClusterOf(check.service)} egress`)
    span.uint(6, CLIENT)
    span.raw(this.#own.of(hasIstioTags ? this.#selfTags : this.#bareTags))
    if (endpoint !== undefined) {
      if (hasIstioTags) span.raw(this.#istioEndpoints.of(endpoint))
      span.raw(this.#endpoints.of(endpoint))
    }
    span.raw(this.#methods.of(check.method))
    span.time(7, startMs)
    span.time(8, Math.max(startMs, endMs))
    tags.checkTags(check, this.#take)
    if (outcome?.verdict === 'error') this.#fail(outcome.failure)
    this.#end(trace, HAS_IS_REMOTE)
  }

  #clientParts(span: ProtoWriter, record: ExchangeRecord, answer: Answer): void {
    const { endpoint } = answer
    span.raw(this.#tryNames.of(placeOf(record)))
    span.uint(6, CLIENT)
    this.#sharedParts(span, record, answer)
    span.raw(this.#clientVersions.of(record.httpVersion))
    if (endpoint !== undefined) span.raw(this.#endpoints.of(endpoint))
  }

  #begin({ traceId, traceState }: TraceRecord, spanId: string, parentId: string | undefined): void {
    const span = this.#span
    span.reset()
    span.hex(1, traceId)
    span.hex(2, spanId)
    if (traceState !== undefined) span.text(3, traceState)
    if (parentId !== undefined) span.hex(4, parentId)
  }

  /** Tags that spans of both kinds have. */
  #sharedParts(span: ProtoWriter, record: ExchangeRecord, { hasIstioTags, endpoint, status, flags }: Answer): void {
    span.raw(this.#own.of(hasIstioTags ? this.#selfTags : this.#bareTags))
    if (hasIstioTags) {
      span.raw(this.#istioSources.of(record.source))
      if (endpoint !== undefined) span.raw(this.#istioEndpoints.of(endpoint))
    }
    span.raw(this.#clusters.of(placeOf(record)))
    span.raw(this.#methods.of(record.method))
    if (status !== 0) span.raw(this.#statuses.of(status))
    if (flags !== undefined) span.raw(this.#flags.of(flags))
  }

  /** The tunnel is not what the request is part of, but what it came through. */
  #link({ traceId, spanId }: NonNullable<TraceRecord['tunnel']>): void {
    const link = this.#part
    link.reset()
    link.hex(1, traceId)
    link.hex(2, spanId)
    link.attribute(4, 'fairway.link', 'hbone_tunnel')
    link.fixed32(6, HAS_IS_REMOTE | IS_REMOTE)
    this.#span.message(13, link)
  }

  #fail(message: string): void {
    const status = this.#part
    status.reset()
    status.text(2, message)
    status.uint(3, ERROR)
    this.#span.message(15, status)
  }

  #end({ isSampled }: TraceRecord, remote: number): void {
    this.#span.fixed32(16, remote | (isSampled ? 1 : 0))
  }
}

/** When a span below began, on the clock of the wall. */
const epochOf = (record: ExchangeRecord, { startedAtMs }: TrySpan): number =>
  record.startedAtEpochMs + startedAtMs - record.startedAtMs

/** What it was sent to: the backend, if one was chosen. */
const placeOf = ({ backend, destination }: ExchangeRecord): Destination => backend ?? destination

const answerOf = ({ endpoint, status, flags }: Omit<Answer, 'hasIstioTags'>, hasIstioTags: boolean): Answer => ({
  endpoint,
  status,
  ...(flags === undefined ? {} : { flags }),
  hasIstioTags,
})
