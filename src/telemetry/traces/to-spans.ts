import {
  createTraceState,
  type Attributes,
  type HrTime,
  type Link,
  type SpanContext,
  type SpanStatus,
} from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { ExchangeRecord } from '../../filter/record.ts'
import type { TraceRecord } from '../../filter/record.ts'
import type { TracedExchange } from './traced-exchange.ts'
import { errorTypeOf } from './outcome.ts'
import type { PeerTags, Tags } from './peer-tags.ts'
import { clientErrorOf, clientTags, clusterOf, serverTags } from './span-tags.ts'

/** What spans are made with. */
export interface SpanParts {
  readonly resource: Resource
  readonly scope: ReadableSpan['instrumentationScope']
  /** Of the waypoint itself. */
  readonly selfTags: Tags
  readonly peers: PeerTags
}

/** OpenTelemetry's `SpanKind` and `SpanStatusCode`. */
const SERVER = 1
const CLIENT = 2
const UNSET: SpanStatus = { code: 0 }
const ERROR = 2

/** The spans of an exchange: its own, and one for each try below it; none when it has no place in a trace. */
export const toSpans = ({ record, tagger, custom }: TracedExchange, parts: SpanParts): readonly ReadableSpan[] => {
  const { trace } = record
  if (trace === undefined) return []
  const { hasIstioTags, maxPathLength } = tagger
  const shared = hasIstioTags
    ? { ...parts.selfTags, ...parts.peers.ofSource(record.source) }
    : { component: 'proxy', node_id: parts.selfTags['node_id'] ?? '' }
  const { endpoint, destination } = record
  const endMs = record.startedAtEpochMs + record.durationMs
  const errorType = errorTypeOf(record)
  const server = new ExportedSpan(parts, {
    name: `${destination.hostname}:${destination.port}/*`,
    kind: SERVER,
    context: contextOf(trace, trace.spanId),
    parent: trace.parentId === undefined ? undefined : { ...contextOf(trace, trace.parentId), isRemote: true },
    startMs: record.startedAtEpochMs,
    endMs,
    status: errorType === undefined ? UNSET : { code: ERROR, message: record.details },
    attributes: {
      ...shared,
      ...(hasIstioTags && endpoint !== undefined ? parts.peers.ofEndpoint(endpoint) : undefined),
      ...serverTags(record, maxPathLength),
      ...custom,
    },
    links: linksOf(trace),
  })
  return [server, ...triesOf(record, trace, { parts, shared, custom, hasIstioTags, endMs })]
}

const noLinks: Link[] = []

/** The tunnel is not what the request is part of, but what it came through. */
const linksOf = ({ tunnel }: TraceRecord): Link[] =>
  tunnel === undefined
    ? noLinks
    : [{ context: { ...tunnel, traceFlags: 0, isRemote: true }, attributes: { 'fairway.link': 'hbone_tunnel' } }]

const triesOf = (
  record: ExchangeRecord,
  trace: TraceRecord,
  {
    parts,
    shared,
    custom,
    hasIstioTags,
    endMs,
  }: {
    readonly parts: SpanParts
    readonly shared: Tags
    readonly custom: Tags
    readonly hasIstioTags: boolean
    /** Of the exchange. */
    readonly endMs: number
  },
): readonly ReadableSpan[] =>
  // One that found no endpoint was none.
  trace.tries.slice(0, record.attempts).map(({ spanId, startedAtMs }, index) => {
    const lost = record.tries[index]
    const endpoint = lost === undefined ? record.endpoint : lost.endpoint
    const startMs = record.startedAtEpochMs + startedAtMs - record.startedAtMs
    const errorType = clientErrorOf(record, lost)
    return new ExportedSpan(parts, {
      name: `router ${clusterOf(record.backend ?? record.destination)} egress`,
      kind: CLIENT,
      context: contextOf(trace, spanId),
      parent: contextOf(trace, trace.spanId),
      startMs,
      endMs: lost === undefined ? endMs : startMs + lost.durationMs,
      status: errorType === undefined ? UNSET : { code: ERROR, message: errorType },
      attributes: {
        ...shared,
        ...(hasIstioTags && endpoint !== undefined ? parts.peers.ofEndpoint(endpoint) : undefined),
        ...clientTags({ record, endpoint, repeats: index, lost }),
        ...custom,
      },
      links: noLinks,
    })
  })

const contextOf = ({ traceId, traceState, isSampled }: TraceRecord, spanId: string): SpanContext => ({
  traceId,
  spanId,
  traceFlags: isSampled ? 1 : 0,
  ...(traceState === undefined ? {} : { traceState: createTraceState(traceState) }),
})

interface SpanStart {
  readonly name: string
  readonly kind: typeof SERVER | typeof CLIENT
  readonly context: SpanContext
  readonly parent: SpanContext | undefined
  /** Since the epoch. */
  readonly startMs: number
  readonly endMs: number
  readonly status: SpanStatus
  readonly attributes: Attributes
  readonly links: Link[]
}

/** A span that is over, as exporters read it. */
class ExportedSpan implements ReadableSpan {
  readonly name: string
  readonly kind: ReadableSpan['kind']
  readonly parentSpanContext?: SpanContext
  readonly startTime: HrTime
  readonly endTime: HrTime
  readonly duration: HrTime
  readonly status: SpanStatus
  readonly attributes: Attributes
  readonly links: Link[]
  readonly events: ReadableSpan['events'] = []
  readonly ended = true
  readonly resource: Resource
  readonly instrumentationScope: ReadableSpan['instrumentationScope']
  readonly droppedAttributesCount = 0
  readonly droppedEventsCount = 0
  readonly droppedLinksCount = 0
  readonly #context: SpanContext

  constructor({ resource, scope }: SpanParts, start: SpanStart) {
    this.name = start.name
    this.kind = start.kind
    this.#context = start.context
    if (start.parent !== undefined) this.parentSpanContext = start.parent
    this.startTime = toHrTime(start.startMs)
    this.endTime = toHrTime(start.endMs)
    this.duration = toHrTime(Math.max(0, start.endMs - start.startMs))
    this.status = start.status
    this.attributes = start.attributes
    this.links = start.links
    this.resource = resource
    this.instrumentationScope = scope
  }

  readonly spanContext = (): SpanContext => this.#context
}

/** Seconds and nanoseconds. */
const toHrTime = (ms: number): HrTime => {
  const seconds = Math.floor(ms / 1000)
  return [seconds, Math.min(999_999_999, Math.round((ms - seconds * 1000) * 1e6))]
}
