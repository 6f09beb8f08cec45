import type { Destination, ExchangeRecord, Source } from '../filter/record.ts'
import type { Endpoint } from '../model/endpoint.ts'
import { formatIstioLabels, formatLabels, istioLabels } from './labels.ts'

/** Upper bounds of `istio_request_duration_milliseconds`: Envoy's defaults, which Istio's dashboards expect. */
export const durationBoundsMs: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
  3_600_000,
]

/**
 * Values of a series: exchanges per bucket (not cumulative), those above the last bound, the sum of milliseconds, and
 * exchanges that were counted and not timed.
 */
export const SERIES_LENGTH = durationBoundsMs.length + 3

const SUM = SERIES_LENGTH - 2
const UNTIMED = SERIES_LENGTH - 1

interface Series {
  readonly labels: string
  readonly values: Float64Array
}

/** Series of one source, endpoint and Service, by what came of the exchange. */
class Slots {
  readonly service: Destination
  /** Status of `usual`. */
  status = 0
  /** Where the last unremarkable exchange was counted: the next one mostly ends as it did. */
  usual: Series | undefined
  readonly byOutcome = new Map<number | string, Series>()
  /** The same source and endpoint with another Service. */
  readonly next: Slots | undefined
  readonly depth: number

  constructor(service: Destination, next: Slots | undefined) {
    this.service = service
    this.next = next
    this.depth = next === undefined ? 1 : next.depth + 1
  }
}

type SlotsByEndpoint = WeakMap<Endpoint | typeof noEndpoint, Slots>

/**
 * All series of the request metrics. Finding the series of a record costs two look-ups by object identity, and one by
 * outcome when that is not the last one's; labels are written once, when a series begins. Objects that nobody else holds fall out of the caches.
 */
export class SeriesTable {
  /** Records that found the table full. */
  overflowed = 0
  readonly #maxSeries: number
  readonly #byLabels = new Map<string, Series>()
  readonly #caches = new WeakMap<Source, SlotsByEndpoint>()

  /** At most `maxSeries`; whatever comes beyond is counted in one more series whose labels are all `unknown`. */
  constructor(maxSeries: number) {
    this.#maxSeries = maxSeries
  }

  get size(): number {
    return this.#byLabels.size
  }

  add(record: ExchangeRecord): void {
    const values = this.#find(record).values
    const durationMs = record.durationMs
    // How long people talked says nothing of how fast an answer came.
    if (record.upgrade !== undefined) {
      values[UNTIMED] = (values[UNTIMED] ?? 0) + 1
      return
    }
    let bucket = 0
    while (bucket < durationBoundsMs.length && durationMs > (durationBoundsMs[bucket] ?? 0)) bucket++
    values[bucket] = (values[bucket] ?? 0) + 1
    values[SUM] = (values[SUM] ?? 0) + durationMs
  }

  /** Copies of all series in the order in which they began. */
  entries(): { readonly labels: string; readonly values: readonly number[] }[] {
    return Array.from(this.#byLabels.values(), ({ labels, values }) => ({ labels, values: Array.from(values) }))
  }

  #find(record: ExchangeRecord): Series {
    const slots = this.#findSlots(record)
    const { status } = record
    const isUsual = record.flags === '-' && record.protocol === 'http'
    if (isUsual && slots.status === status && slots.usual !== undefined) return slots.usual
    const key = isUsual
      ? status
      : `${status} ${record.protocol} ${record.flags} ${record.protocol === 'grpc' ? record.grpcStatus : ''}`
    const series = slots.byOutcome.get(key) ?? this.#begin(record)
    // A server that invents gRPC statuses must not grow the cache of a long connection; such records take the long way.
    if (slots.byOutcome.size < MAX_OUTCOMES) slots.byOutcome.set(key, series)
    if (isUsual) {
      slots.status = status
      slots.usual = series
    }
    return series
  }

  #findSlots(record: ExchangeRecord): Slots {
    const { source } = record
    const endpoint = record.endpoint ?? noEndpoint
    const service = record.backend ?? record.destination
    let endpoints = this.#caches.get(source)
    if (endpoints === undefined) {
      endpoints = new WeakMap()
      this.#caches.set(source, endpoints)
    }
    const first = endpoints.get(endpoint)
    for (let slots = first; slots !== undefined; slots = slots.next) if (slots.service === service) return slots
    // A Service is a new object whenever it changed: the old ones must not pile up on a long connection.
    const slots = new Slots(service, first !== undefined && first.depth < MAX_SERVICES ? first : undefined)
    endpoints.set(endpoint, slots)
    return slots
  }

  #begin(record: ExchangeRecord): Series {
    const key = { ...record, service: record.backend ?? record.destination }
    const labels = formatIstioLabels(key)
    const known = this.#byLabels.get(labels)
    if (known !== undefined) return known
    if (this.#byLabels.size < this.#maxSeries) return this.#insert(labels)
    this.overflowed++
    const unknown = formatLabels(
      istioLabels(key).map(([name, value]) => [name, name === 'reporter' ? value : 'unknown']),
    )
    return this.#byLabels.get(unknown) ?? this.#insert(unknown)
  }

  #insert(labels: string): Series {
    const series = { labels, values: new Float64Array(SERIES_LENGTH) }
    this.#byLabels.set(labels, series)
    return series
  }
}

const MAX_OUTCOMES = 256
/** Services that share an endpoint; more make the cache begin anew. */
const MAX_SERVICES = 8

/** Stands for "no endpoint was chosen" as a key. */
const noEndpoint: { readonly kind: 'no-endpoint' } = { kind: 'no-endpoint' }
