import type { Destination, ExchangeRecord, Source } from '../filter/record.ts'
import type { Endpoint } from '../model/endpoint.ts'
import { formatIstioLabels, formatLabels, istioLabels } from './labels.ts'

/** Upper bounds of `istio_request_duration_milliseconds`: Envoy's defaults, which Istio's dashboards expect. */
export const durationBoundsMs: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
  3_600_000,
]

/** Values of a series: exchanges per bucket (not cumulative), those above the last bound, the sum of milliseconds. */
export const SERIES_LENGTH = durationBoundsMs.length + 2

const SUM = SERIES_LENGTH - 1

interface Series {
  readonly labels: string
  readonly values: Float64Array
}

/** Series of one source, Service and endpoint, by what came of the exchange. */
type Slots = Map<number | string, Series>

/**
 * All series of the request metrics. Finding the series of a record costs three look-ups by object identity and one by
 * status; labels are written once, when a series begins. Objects that nobody else holds fall out of the caches.
 */
export class SeriesTable {
  /** Records that found the table full. */
  overflowed = 0
  readonly #maxSeries: number
  readonly #byLabels = new Map<string, Series>()
  readonly #caches = new WeakMap<Source, WeakMap<Destination, WeakMap<Endpoint | typeof noEndpoint, Slots>>>()
  // A busy tunnel asks for the same three objects again and again.
  #lastSource: Source | undefined
  #lastService: Destination | undefined
  #lastEndpoint: Endpoint | undefined
  #lastSlots: Slots | undefined

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
    const isUsual = record.flags === '-' && record.protocol === 'http'
    const key = isUsual
      ? record.status
      : `${record.status} ${record.protocol} ${record.flags} ${record.protocol === 'grpc' ? record.grpcStatus : ''}`
    const known = slots.get(key)
    if (known !== undefined) return known
    const series = this.#begin(record)
    // A server that invents gRPC statuses must not grow the cache of a long connection; such records take the long way.
    if (slots.size < MAX_SLOTS) slots.set(key, series)
    return series
  }

  #findSlots(record: ExchangeRecord): Slots {
    const { source, endpoint } = record
    const service = record.backend ?? record.destination
    const isSame = source === this.#lastSource && service === this.#lastService && endpoint === this.#lastEndpoint
    if (isSame && this.#lastSlots !== undefined) return this.#lastSlots
    const services = getOrInsert(this.#caches, source, () => new WeakMap())
    const endpoints = getOrInsert(services, service, () => new WeakMap())
    const slots = getOrInsert(endpoints, endpoint ?? noEndpoint, () => new Map())
    this.#lastSource = source
    this.#lastService = service
    this.#lastEndpoint = endpoint
    this.#lastSlots = slots
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

const MAX_SLOTS = 256

/** Stands for "no endpoint was chosen" as a key. */
const noEndpoint: { readonly kind: 'no-endpoint' } = { kind: 'no-endpoint' }

const getOrInsert = <K extends object, V>(map: WeakMap<K, V>, key: K, create: () => V): V => {
  const known = map.get(key)
  if (known !== undefined) return known
  const value = create()
  map.set(key, value)
  return value
}
