/** Writes spans as OTLP has them (opentelemetry/proto/trace/v1), straight from the records of exchanges. */
import type { CheckSpan, Destination, ExchangeRecord, Source, TraceRecord, TrySpan } from '../../../filter/record.ts'
import type { Endpoint } from '../../../model/endpoint.ts'
import { AttributeTable } from './attribute-table.ts'
import { CommonPartsCache, type CommonParts } from './common-parts.ts'
import { dropAttributes } from './drop-attributes.ts'
import { asAttributes, encode, encodedObjects, encodedValues, RESOURCE_ATTRIBUTES, SPAN_ATTRIBUTES } from './encoded.ts'
import { errorTypeOf } from '../outcome.ts'
import { istioEndpointTags, istioSourceTags, type Tags } from './peer-tags.ts'
import type { ProtoWriter } from './proto-writer.ts'
import { writeFrame, writeHex, type SpanFrame } from './span-frame.ts'
import * as tags from './span-tags.ts'
import type { TracedExchange } from '../traced-exchange.ts'

/** `SpanKind` and `Status.StatusCode`. */
const SERVER = 2
const CLIENT = 3
const ERROR = 2
/** Bits of `flags`: it is known whether the parent is remote, and it is. */
const HAS_IS_REMOTE = 0x100
const IS_REMOTE = 0x200
/** Of `ScopeSpans`, of which spans are. */
const SPANS = 2
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
  readonly #span: ProtoWriter
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
  readonly #ownValues = new AttributeTable(SPAN_ATTRIBUTES, tags.ownNames)
  readonly #writeRule = asAttributes(tags.ruleTags)
  readonly #common = new CommonPartsCache((record, hasIstioTags) => {
    const server = encode<ExchangeRecord>((of, span) => this.#serverParts(span, of, hasIstioTags), record)
    const client = encode<ExchangeRecord>((of, span) => this.#clientParts(span, of, answerOf(of, hasIstioTags)), record)
    const between = encode<number>((field, span) => void span.open(field), SPANS)
    return { bytes: Buffer.concat([server, between, client]), serverBytes: server.length, clientBytes: client.length }
  })

  /** `selfTags` are those of the waypoint itself; spans are written into `report`. */
  constructor(selfTags: Tags, report: ProtoWriter) {
    this.#span = report
    this.#selfTags = selfTags
    this.#bareTags = { component: 'proxy', node_id: selfTags['node_id'] ?? '' }
  }

  /** Writes the spans of an exchange as fields of a `ScopeSpans`: its own, and one for each of its checks and tries; how many. */
  write(exchange: TracedExchange): number {
    const { record, tagger, custom } = exchange
    const { trace, attempts } = record
    if (trace === undefined) return 0
    const common = this.#common.of(record, tagger.hasIstioTags)
    const [first] = trace.tries
    if (common !== undefined && first !== undefined && custom === undefined && isUsual(record, trace)) {
      this.#writeUsual(exchange, { trace, common, first })
      return 2
    }
    const span = this.#span
    const start = span.open(SPANS)
    this.#writeServer(exchange, trace, common)
    span.close(start)
    for (const check of trace.checks) {
      const at = span.open(SPANS)
      this.#writeCheck(exchange, trace, check)
      span.close(at)
    }
    // One that found no endpoint was none.
    const tries = Math.min(trace.tries.length, attempts)
    for (let i = 0; i < tries; i++) {
      const at = span.open(SPANS)
      this.#writeTry(exchange, { trace, common }, i)
      span.close(at)
    }
    return 1 + trace.checks.length + tries
  }

  /** The same of what nearly all are, by as little code and memory as there can be: what is traced seldom finds none of it in the caches. */
  #writeUsual(exchange: TracedExchange, { trace, common, first }: Usual): void {
    const span = this.#span
    const { record, scheme, tagger } = exchange
    const start = span.open(SPANS)
    this.#beginServer(record, trace)
    this.#ownValues.write(span, tags.ownValues(record, scheme, tagger.maxPathLength))
    if (trace.tunnel !== undefined) this.#link(trace.tunnel)
    span.raw(common.bytes)
    span.close(start, span.length - common.bytes.length + common.serverBytes)
    const clientStart = span.length - common.clientBytes
    const endMs = record.startedAtEpochMs + record.durationMs
    this.#begin(trace, { spanId: first.spanId, parentId: trace.spanId, startMs: epochOf(record, first), endMs })
    span.close(clientStart)
  }

  #writeServer(exchange: TracedExchange, trace: TraceRecord, common: CommonParts | undefined): void {
    const span = this.#span
    const start = span.length
    const { record, scheme, tagger, custom } = exchange
    this.#beginServer(record, trace)
    this.#ownValues.write(span, tags.ownValues(record, scheme, tagger.maxPathLength))
    if (common === undefined) this.#serverParts(span, record, tagger.hasIstioTags)
    else span.raw(common.bytes.subarray(0, common.serverBytes))
    tags.serverTags(record, this.#take)
    if (custom !== undefined) this.#writeCustom(custom, start)
    if (trace.tunnel !== undefined) this.#link(trace.tunnel)
    if (errorTypeOf(record) !== undefined) this.#fail(record.details)
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
    const start = span.length
    const endMs = lost === undefined ? record.startedAtEpochMs + record.durationMs : startMs + lost.durationMs
    this.#begin(trace, { spanId: started?.spanId ?? '', parentId: trace.spanId, startMs, endMs })
    if (common === undefined || lost !== undefined)
      this.#clientParts(span, record, answerOf(lost ?? record, tagger.hasIstioTags))
    else span.raw(common.bytes.subarray(-common.clientBytes))
    tags.clientTags({ record, repeats: index, lost }, this.#take)
    if (custom !== undefined) this.#writeCustom(custom, start)
    if (errorType !== undefined) this.#fail(errorType)
  }

  #writeCheck({ record, tagger }: TracedExchange, trace: TraceRecord, check: CheckSpan): void {
    const { outcome } = check
    const { hasIstioTags } = tagger
    const endpoint = outcome?.endpoint
    const startMs = epochOf(record, check)
    const endMs = outcome === undefined ? record.startedAtEpochMs + record.durationMs : startMs + outcome.durationMs
    const span = this.#span
    this.#begin(trace, { spanId: check.spanId, parentId: trace.spanId, startMs, endMs: Math.max(startMs, endMs) })
    span.text(NAME, `async ${tags.outboundClusterOf(check.service)} egress`)
    span.uint(6, CLIENT)
    span.raw(this.#own.of(hasIstioTags ? this.#selfTags : this.#bareTags))
    if (endpoint !== undefined) {
      if (hasIstioTags) span.raw(this.#istioEndpoints.of(endpoint))
      span.raw(this.#endpoints.of(endpoint))
    }
    span.raw(this.#methods.of(check.method))
    tags.checkTags(check, this.#take)
    if (outcome?.verdict === 'error') this.#fail(outcome.failure)
  }

  /** What a policy adds to the span that began at `start`, in the place of our own by the same names. */
  #writeCustom(custom: Tags, start: number): void {
    dropAttributes(this.#span, start, custom)
    ownTags(custom, this.#take)
  }

  #clientParts(span: ProtoWriter, record: ExchangeRecord, answer: Answer): void {
    const { endpoint } = answer
    span.raw(this.#tryNames.of(placeOf(record)))
    span.uint(6, CLIENT)
    this.#sharedParts(span, record, answer)
    span.raw(this.#clientVersions.of(record.httpVersion))
    if (endpoint !== undefined) span.raw(this.#endpoints.of(endpoint))
  }

  /** What all spans begin with; `remote` is of who is above. */
  #begin({ traceId, traceState, isSampled }: TraceRecord, own: Omit<SpanFrame, 'traceId' | 'flags'>, remote = 0): void {
    writeFrame(this.#span, { ...own, traceId, flags: HAS_IS_REMOTE | remote | (isSampled ? 1 : 0) })
    if (traceState !== undefined) this.#span.text(3, traceState)
  }

  #beginServer(record: ExchangeRecord, trace: TraceRecord): void {
    const { spanId, parentId } = trace
    const { startedAtEpochMs: startMs, durationMs } = record
    const own = { spanId, parentId, startMs, endMs: startMs + durationMs }
    this.#begin(trace, own, parentId === undefined ? 0 : IS_REMOTE)
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
    const span = this.#span
    const start = span.length
    span.raw(tunnelLink)
    const bytes = span.room(span.length, 0)
    writeHex(bytes, traceId, start + LINKED_TRACE)
    writeHex(bytes, spanId, start + LINKED_SPAN)
  }

  #fail(message: string): void {
    const span = this.#span
    const start = span.open(15)
    span.text(2, message)
    span.uint(3, ERROR)
    span.close(start)
  }
}

/** The link to a tunnel, but for its ids. */
const tunnelLink = encode((field, writer) => {
  const start = writer.open(field)
  writer.bytes(1, Buffer.alloc(16))
  writer.bytes(2, Buffer.alloc(8))
  writer.attribute(4, 'fairway.link', 'hbone_tunnel')
  writer.fixed32(6, HAS_IS_REMOTE | IS_REMOTE)
  writer.close(start)
}, 13)
/** Where they stand in it: behind two bytes each of the link, of one id and of the other. */
const LINKED_TRACE = 4
const LINKED_SPAN = LINKED_TRACE + 16 + 2

/** What the spans of a usual exchange are made of. */
interface Usual {
  readonly trace: TraceRecord
  readonly common: CommonParts
  /** Its only try. */
  readonly first: TrySpan
}

/** It went well at the first try, which leaves nothing to be said of it but what all have. */
const isUsual = (record: ExchangeRecord, { tries, checks }: TraceRecord): boolean =>
  record.attempts === 1 &&
  tries.length === 1 &&
  checks.length === 0 &&
  record.tries.length === 0 &&
  !tags.isSpecial(record)

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
