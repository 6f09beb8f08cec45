import type { Chain } from '../../filter/chain.ts'
import type { Exchange } from '../../filter/index.ts'
import type { Destination, ExchangeRecord, Source, TryRecord } from '../../filter/record.ts'
import { isGrpcRequest } from '../../http/is-grpc.ts'
import type { H1RequestHead } from '../../http/h1/message.ts'
import type { HeaderList } from '../../http/header-list.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Counters } from '../counters.ts'

/** Gets what is told of an exchange; with the exchange itself where filters could see one, as it is until this returns. */
export type RecordSink = (record: ExchangeRecord, exchange?: Pick<Exchange, 'request' | 'response'>) => void

/** Who has to do with records. */
export interface RecordDeps {
  readonly clock: Clock
  readonly counters: Counters
  /** Gets each record once, when its exchange is over. */
  readonly sink: RecordSink
  /** Gets records of gRPC calls that go on, about once a second. */
  readonly progress: (record: ExchangeRecord) => void
  /** `message` is one of a few; requests may provoke errors at any rate. */
  readonly onError: (message: string, error: unknown, requestId?: string) => void
  /** The same of what is no bug, but a filter's mistake. */
  readonly onMistake: (message: string, error: unknown, requestId?: string) => void
}

/** Who has to do with an exchange or a connection, and how it is told of. */
interface Parties {
  readonly source: Source
  readonly destination: Destination
  readonly generation: number
  readonly telemetry: ExchangeRecord['telemetry']
  /** As the CONNECT had it. */
  readonly called: string | undefined
}

/** What a request is, or a connection is not. */
type Asked = Pick<
  ExchangeRecord,
  'protocol' | 'httpVersion' | 'method' | 'path' | 'authority' | 'requestId' | 'userAgent' | 'forwardedFor'
>

const noTries: readonly TryRecord[] = []

/** How long ago it began. */
interface Since {
  readonly waitedMs: number
}
const sinceNow: Since = { waitedMs: 0 }

/** A record of what begins now, unless it is `since` earlier, and of which nothing has happened yet. */
export const startRecord = (
  parties: Parties,
  asked: Asked,
  clock: Clock,
  { waitedMs }: Since = sinceNow,
): ExchangeRecord => {
  const startedAtMs = clock.monotonicMs() - waitedMs
  return {
    source: parties.source,
    destination: parties.destination,
    startedAtMs,
    startedAtEpochMs: clock.epochOf(startedAtMs),
    durationMs: 0,
    upstreamMs: -1,
    protocol: asked.protocol,
    httpVersion: asked.httpVersion,
    method: asked.method,
    path: asked.path,
    authority: asked.authority,
    requestId: asked.requestId,
    userAgent: asked.userAgent,
    forwardedFor: asked.forwardedFor,
    upgrade: undefined,
    status: 0,
    grpcStatus: '',
    messages: undefined,
    flags: '-',
    details: '',
    upstreamFailure: '',
    requestBytes: 0,
    responseBytes: 0,
    route: undefined,
    rule: undefined,
    endpoint: undefined,
    backend: undefined,
    attempts: 0,
    tries: noTries,
    generation: parties.generation,
    telemetry: parties.telemetry,
    called: parties.called,
    requestEndAtMs: -1,
    headAtMs: -1,
    trace: undefined,
  }
}

/** A record of an exchange that begins now. */
export const beginRecord = (
  head: H1RequestHead,
  /** `httpVersion`: default as `head` says. */
  parties: Parties & { readonly httpVersion?: string | undefined },
  clock: Clock,
): ExchangeRecord => {
  const asked: Asked = {
    protocol: isGrpcRequest(head.method, head.headers.getLower('content-type')) ? 'grpc' : 'http',
    httpVersion: parties.httpVersion ?? (head.minorVersion === 1 ? 'HTTP/1.1' : 'HTTP/1.0'),
    method: head.method,
    path: head.target,
    authority: head.host ?? '',
    requestId: head.headers.getLower('x-request-id'),
    userAgent: head.headers.getLower('user-agent'),
    forwardedFor: head.headers.getLower('x-forwarded-for'),
  }
  return startRecord(parties, asked, clock)
}

/** An exchange with what is told of it. */
interface RecordedExchange extends Exchange {
  readonly record: ExchangeRecord
}

/** The exchange that was under way is over: filters are told, then telemetry; none of them can keep the next from hearing. */
export const finishRecord = (exchange: RecordedExchange, chains: readonly Chain[], deps: RecordDeps): void => {
  const { record } = exchange
  deps.counters.activeExchanges--
  record.durationMs = deps.clock.monotonicMs() - record.startedAtMs
  for (const chain of chains) {
    if (chain.onComplete.length > 0) tellComplete(chain, exchange, deps)
  }
  tellSink(record, deps, exchange)
}

/** Tells telemetry of an exchange that no filter has seen. */
export const tellRecord = (record: ExchangeRecord, deps: RecordDeps): void => {
  record.durationMs = deps.clock.monotonicMs() - record.startedAtMs
  tellSink(record, deps)
}

const tellSink = (record: ExchangeRecord, deps: RecordDeps, exchange?: Exchange): void => {
  try {
    deps.sink(record, exchange)
  } catch (error) {
    deps.onError('the record of an exchange was lost', error)
  }
}

/** The status of a gRPC call is in its trailers, or in the head of an answer that has nothing else. */
export const noteGrpcStatus = (record: ExchangeRecord, headers: HeaderList): void => {
  if (record.protocol === 'grpc') record.grpcStatus = headers.getLower('grpc-status') ?? record.grpcStatus
}

/** What comes behind the body of a response. */
export const noteTrailers = (record: ExchangeRecord, trailers: HeaderList): void => {
  record.responseTrailers = trailers
  noteGrpcStatus(record, trailers)
}

const tellComplete = (chain: Chain, exchange: RecordedExchange, { onError }: RecordDeps): void => {
  for (const hook of chain.onComplete) {
    try {
      hook(exchange.record, exchange)
    } catch (error) {
      onError('an onComplete hook failed', error)
    }
  }
}
