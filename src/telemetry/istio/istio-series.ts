import type { ExchangeRecord, TraceReference } from '../../filter/record.ts'
import type { SeriesDump, SeriesRange } from '../dump.ts'
import type { MetricsPolicy } from '../../model/telemetry/metrics-policy.ts'
import { connectionLabels, istioLabels, peerLabels, type Labels, type SeriesKey } from '../labels.ts'
import type { Told } from '../log/told.ts'
import { HISTOGRAM_LENGTH, observe } from './histogram.ts'
import { compileMetrics, metricBits, standardPlans, type MetricsPlan, type MetricsPlans } from './metrics-plan.ts'
import { PeerSlots, type Slots, type Target } from './peer-slots.ts'
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
  /** Of a connection: the label set that it has, from when it was counted first. */
  readonly connection?: ConnectionOutcome
}

/**
 * What the labels of a connection are made of beside who talks to whom. It stays as it was when the connection was counted
 * first, as with Istio: one that was opened in one label set and closed in another would be open for ever.
 */
interface ConnectionOutcome {
  readonly flags: string
  readonly values: readonly string[] | undefined
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
  readonly #plans = new WeakMap<MetricsPolicy, MetricsPlans>()
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
  add(record: ExchangeRecord, exchange?: Told['exchange']): void {
    const plans = this.#plansOf(record)
    const slots = this.#peers.of(record, plans)
    if (record.protocol === 'tcp') return void this.#addConnection(record, slots, { isOver: true })
    let target = this.#findRequest(record, slots, exchange)
    for (; target !== undefined; target = target.next) this.#countRequest(record, target)
    if (record.protocol === 'grpc') this.#addMessages(record, slots, exchange)
  }

  /** A connection or gRPC call goes on, and has moved something since it was looked at last, or has just begun. */
  note(record: ExchangeRecord): void {
    const { messages, requestBytes, responseBytes } = record
    if (record.protocol === 'tcp') {
      const connection = this.#addConnection(record, this.#peers.of(record, this.#plansOf(record)), { isOver: false })
      this.#counted.set(record, { request: requestBytes, response: responseBytes, connection })
    } else if (record.protocol === 'grpc' && messages !== undefined) {
      this.#addMessages(record, this.#peers.of(record, this.#plansOf(record)), undefined)
      this.#counted.set(record, { request: messages.request, response: messages.response })
    }
  }

  /** Copies of some series in the order in which they began; default: of all. */
  entries(range?: SeriesRange): SeriesDump[] {
    return this.#set.entries(range)
  }

  /** All of them as they are, which go on counting. */
  live(): readonly SeriesDump[] {
    return this.#set.live()
  }

  /** Made once of each policy, which is the same object as long as it says the same. */
  #plansOf({ telemetry }: ExchangeRecord): MetricsPlans {
    const policy = telemetry?.metrics
    if (policy === undefined) return standardPlans
    const known = this.#plans.get(policy)
    if (known !== undefined) return known
    const plans = compileMetrics(policy)
    this.#plans.set(policy, plans)
    return plans
  }

  #findRequest(record: ExchangeRecord, slots: Slots, exchange: Told['exchange']): Target | undefined {
    const { status } = record
    const plan = slots.plans.request
    const values = plan.valuesOf?.({ record, exchange })
    const isUsual = values === undefined && record.flags === '-' && record.protocol === 'http'
    if (isUsual && slots.status === status && slots.usual !== undefined) return slots.usual
    const key = isUsual
      ? status
      : `${status} ${record.protocol} ${record.flags} ${record.protocol === 'grpc' ? record.grpcStatus : ''}`
    const target = this.#find({ slots, shape: requestShape, plan, values, key }, () => istioLabels(keyOf(record)))
    if (isUsual) {
      slots.status = status
      slots.usual = target
    }
    return target
  }

  /** The series of an outcome, known by its `key` or made with Istio's labels, as the plan has them. */
  #find({ slots, shape, plan, values, key }: Wanted, labelsOf: () => Labels): Target | undefined {
    const whole = values === undefined ? key : `${key} ${values.join('\n')}`
    const known = slots.byOutcome.get(whole)
    if (known !== undefined) return known
    if (plan.groups.length === 0) return undefined
    const labels = labelsOf()
    let target: Target | undefined
    for (const { metrics, labelsOf: change } of plan.groups) {
      const series = this.#set.of(shape, change(labels, values ?? noValues), metrics)
      target = { series, metrics, next: target }
    }
    // A server that invents gRPC statuses must not grow the cache of a long connection; such records take the long way.
    if (target !== undefined && slots.byOutcome.size < MAX_OUTCOMES) slots.byOutcome.set(whole, target)
    return target
  }

  #countRequest(record: ExchangeRecord, { series, metrics }: Target): void {
    const { values } = series
    if ((metrics & metricBits.REQUEST_COUNT) !== 0) increase(values, requestValues.count, 1)
    // How long people talked says nothing of how fast an answer came.
    const isTimed = record.upgrade === undefined && (metrics & metricBits.REQUEST_DURATION) !== 0
    const duration = isTimed ? observe(values, requestValues.durationMs, record.durationMs) : -1
    const hasRequest = (metrics & metricBits.REQUEST_SIZE) !== 0
    const request = hasRequest ? observe(values, requestValues.requestBytes, record.requestBytes) : -1
    const hasResponse = (metrics & metricBits.RESPONSE_SIZE) !== 0
    const response = hasResponse ? observe(values, requestValues.responseBytes, record.responseBytes) : -1
    if (record.trace?.isSampled === true) this.#exemplify(series, record, { duration, request, response })
  }

  /** `places`: where its numbers were counted, -1 where one was not. */
  #exemplify(series: Series, record: ExchangeRecord, places: RequestPlaces): void {
    const { trace, startedAtEpochMs, durationMs, requestBytes, responseBytes } = record
    if (trace === undefined) return
    const atEpochMs = startedAtEpochMs + durationMs
    let kept: TraceReference | undefined
    const show = (at: number, value: number): void => {
      if (at < 0 || !this.#set.wantsExemplar(series, at, atEpochMs)) return
      kept ??= ownCopy(trace)
      this.#set.exemplify(series, at, { trace: kept, value, atEpochMs })
    }
    show(requestValues.count, 1)
    show(places.duration, durationMs)
    show(places.request, requestBytes)
    show(places.response, responseBytes)
  }

  #addMessages(record: ExchangeRecord, slots: Slots, exchange: Told['exchange']): void {
    const { messages } = record
    if (messages === undefined) return
    const plan = slots.plans.messages
    const values = plan.valuesOf?.({ record, exchange })
    const known = values === undefined ? slots.messages : undefined
    const first =
      known ??
      this.#find({ slots, shape: messageShape, plan, values, key: 'messages' }, () => peerLabels(keyOf(record)))
    if (values === undefined) slots.messages = first
    const counted = this.#counted.get(record) ?? nothing
    for (let target = first; target !== undefined; target = target.next) {
      const { series, metrics } = target
      if ((metrics & metricBits.GRPC_REQUEST_MESSAGES) !== 0) {
        increase(series.values, messageValues.request, messages.request - counted.request)
      }
      if ((metrics & metricBits.GRPC_RESPONSE_MESSAGES) !== 0) {
        increase(series.values, messageValues.response, messages.response - counted.response)
      }
    }
  }

  #addConnection(record: ExchangeRecord, slots: Slots, { isOver }: { readonly isOver: boolean }): ConnectionOutcome {
    const plan = slots.plans.tcp
    const counted = this.#counted.get(record)
    const { request, response, connection } = counted ?? nothing
    const outcome = connection ?? { flags: record.flags, values: plan.valuesOf?.({ record, exchange: undefined }) }
    const { flags, values } = outcome
    const wanted = { slots, shape: tcpShape, plan, values, key: `tcp ${flags}` }
    let target = this.#find(wanted, () => connectionLabels({ ...keyOf(record), flags }))
    for (; target !== undefined; target = target.next) {
      const { series, metrics } = target
      const has = (bit: number): boolean => (metrics & bit) !== 0
      if (counted === undefined && has(metricBits.TCP_OPENED_CONNECTIONS)) increase(series.values, tcpValues.opened, 1)
      if (isOver && has(metricBits.TCP_CLOSED_CONNECTIONS)) increase(series.values, tcpValues.closed, 1)
      if (has(metricBits.TCP_RECEIVED_BYTES)) increase(series.values, tcpValues.received, record.requestBytes - request)
      if (has(metricBits.TCP_SENT_BYTES)) increase(series.values, tcpValues.sent, record.responseBytes - response)
    }
    return outcome
  }
}

/** What is looked for. */
interface Wanted {
  readonly slots: Slots
  readonly shape: SeriesShape
  readonly plan: MetricsPlan
  /** What the expressions of the plan come to; `undefined`: it has none. */
  readonly values: readonly string[] | undefined
  readonly key: string | number
}

const noValues: readonly string[] = []

const nothing: Counted = { request: 0, response: 0 }

/** Ids are cut out of texts, of a read with many requests even, and V8 would keep all of that for them. */
const ownCopy = ({ traceId, spanId }: TraceReference): TraceReference => ({
  traceId: Buffer.from(traceId, 'latin1').toString('latin1'),
  spanId: Buffer.from(spanId, 'latin1').toString('latin1'),
})

const increase = (values: Float64Array, at: number, by: number): void => {
  values[at] = (values[at] ?? 0) + by
}

const keyOf = (record: ExchangeRecord): SeriesKey => ({ ...record, service: record.backend ?? record.destination })
