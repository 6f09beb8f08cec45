import type { ExchangeRecord } from '../../filter/record.ts'
import type { SeriesDump } from '../dump.ts'
import { connectionLabels, istioLabels, peerLabels, type SeriesKey } from '../labels.ts'
import { HISTOGRAM_LENGTH, observe } from './histogram.ts'
import { PeerSlots, type Slots } from './peer-slots.ts'
import { tcpValues } from './tcp-values.ts'
import { SeriesSet, type Series, type SeriesShape } from './series-set.ts'

/** Where the values of a request series are: how many there were, then three histograms. */
export const requestValues = {
  count: 0,
  durationMs: 1,
  requestBytes: 1 + HISTOGRAM_LENGTH,
  responseBytes: 1 + 2 * HISTOGRAM_LENGTH,
} as const

/** Messages of gRPC calls. */
export const messageValues = { request: 0, response: 1 } as const

const requestShape: SeriesShape = { kind: 'request', length: 1 + 3 * HISTOGRAM_LENGTH }
const messageShape: SeriesShape = { kind: 'messages', length: 2 }
const tcpShape: SeriesShape = { kind: 'tcp', length: 4 }

/** Outcomes of one source, endpoint and Service whose series are found without their labels. */
const MAX_OUTCOMES = 256

/** What is counted of a record already, from the client and to it: messages or bytes. */
interface Counted {
  readonly request: number
  readonly response: number
}

/** Buckets that one request was counted in. */
interface RequestPlaces {
  readonly duration: number
  readonly request: number
  readonly response: number
}

/**
 * Istio's metrics of requests, gRPC messages and TCP connections (waypoint contract 6.1). Finding the series of a record
 * costs two look-ups by object identity, and one by outcome when that is not the last one's; labels are written once,
 * when a series begins.
 */
export class IstioSeries {
  readonly #set: SeriesSet
  readonly #peers = new PeerSlots()
  /** Of what was under way when it was looked at last; most is over before anybody looks, and is never in here. */
  readonly #counted = new WeakMap<ExchangeRecord, Counted>()

  /** At most so many label sets, of all metrics together. */
  constructor(maxSeries: number) {
    this.#set = new SeriesSet(maxSeries)
  }

  /** Records that found no room for theirs. */
  get overflowed(): number {
    return this.#set.overflowed
  }

  get size(): number {
    return this.#set.size
  }

  /** An exchange or connection is over. */
  add(record: ExchangeRecord): void {
    if (record.protocol === 'tcp') return increase(this.#addConnection(record), tcpValues.closed, 1)
    const slots = this.#peers.of(record)
    const series = this.#findRequest(record, slots)
    const { values } = series
    increase(values, requestValues.count, 1)
    // How long people talked says nothing of how fast an answer came.
    const isTimed = record.upgrade === undefined
    const duration = isTimed ? observe(values, requestValues.durationMs, record.durationMs) : -1
    const request = observe(values, requestValues.requestBytes, record.requestBytes)
    const response = observe(values, requestValues.responseBytes, record.responseBytes)
    if (record.trace !== undefined) this.#exemplify(series, record, { duration, request, response })
    if (record.protocol === 'grpc') this.#addMessages(record, slots)
  }

  /** A connection or gRPC call goes on, and has moved something since it was looked at last, or has just begun. */
  note(record: ExchangeRecord): void {
    const { messages, requestBytes, responseBytes } = record
    if (record.protocol === 'tcp') {
      this.#addConnection(record)
      this.#counted.set(record, { request: requestBytes, response: responseBytes })
    } else if (record.protocol === 'grpc' && messages !== undefined) {
      this.#addMessages(record, this.#peers.of(record))
      this.#counted.set(record, { request: messages.request, response: messages.response })
    }
  }

  /** Copies of all series in the order in which they began. */
  entries(): SeriesDump[] {
    return this.#set.entries()
  }

  #findRequest(record: ExchangeRecord, slots: Slots): Series {
    const { status } = record
    const isUsual = record.flags === '-' && record.protocol === 'http'
    if (isUsual && slots.status === status && slots.usual !== undefined) return slots.usual
    const key = isUsual
      ? status
      : `${status} ${record.protocol} ${record.flags} ${record.protocol === 'grpc' ? record.grpcStatus : ''}`
    const series = slots.byOutcome.get(key) ?? this.#set.of(requestShape, istioLabels(keyOf(record)))
    // A server that invents gRPC statuses must not grow the cache of a long connection; such records take the long way.
    if (slots.byOutcome.size < MAX_OUTCOMES) slots.byOutcome.set(key, series)
    if (isUsual) {
      slots.status = status
      slots.usual = series
    }
    return series
  }

  /** `places`: where its numbers were counted, -1 where one was not. */
  #exemplify(series: Series, record: ExchangeRecord, places: RequestPlaces): void {
    const { trace, startedAtEpochMs, durationMs, requestBytes, responseBytes } = record
    if (trace === undefined) return
    const atEpochMs = startedAtEpochMs + durationMs
    const set = this.#set
    set.exemplify(series, requestValues.count, { trace, value: 1, atEpochMs })
    if (places.duration >= 0) set.exemplify(series, places.duration, { trace, value: durationMs, atEpochMs })
    set.exemplify(series, places.request, { trace, value: requestBytes, atEpochMs })
    set.exemplify(series, places.response, { trace, value: responseBytes, atEpochMs })
  }

  #addMessages(record: ExchangeRecord, slots: Slots): void {
    const { messages } = record
    if (messages === undefined) return
    slots.messages ??= this.#set.of(messageShape, peerLabels(keyOf(record)))
    const { values } = slots.messages
    const counted = this.#counted.get(record) ?? nothing
    increase(values, messageValues.request, messages.request - counted.request)
    increase(values, messageValues.response, messages.response - counted.response)
  }

  #addConnection(record: ExchangeRecord): Float64Array {
    const { byOutcome } = this.#peers.of(record)
    const key = `tcp ${record.flags}`
    const series = byOutcome.get(key) ?? this.#set.of(tcpShape, connectionLabels(keyOf(record)))
    byOutcome.set(key, series)
    const { values } = series
    const counted = this.#counted.get(record)
    if (counted === undefined) increase(values, tcpValues.opened, 1)
    const { request, response } = counted ?? nothing
    increase(values, tcpValues.received, record.requestBytes - request)
    increase(values, tcpValues.sent, record.responseBytes - response)
    return values
  }
}

const nothing: Counted = { request: 0, response: 0 }

const increase = (values: Float64Array, at: number, by: number): void => {
  values[at] = (values[at] ?? 0) + by
}

const keyOf = (record: ExchangeRecord): SeriesKey => ({ ...record, service: record.backend ?? record.destination })
