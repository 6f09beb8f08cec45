import type { Destination, ExchangeRecord, Source } from '../../filter/record.ts'
import type { Endpoint } from '../../model/endpoint.ts'
import type { MetricsPlans } from './metrics-plan.ts'
import type { Series } from './series-set.ts'

/** A series that an exchange is counted in, with the metrics of it that are counted there, and the next one. */
export interface Target {
  readonly series: Series
  readonly metrics: number
  readonly next: Target | undefined
}

/** Series of one source, endpoint, Service and policy, by what came of the exchange. */
export class Slots {
  readonly service: Destination
  readonly plans: MetricsPlans
  /** Status of `usual`. */
  status = 0
  /** Where the last unremarkable exchange was counted: the next one mostly ends as it did. */
  usual: Target | undefined
  /** Messages of gRPC calls. */
  messages: Target | undefined
  readonly byOutcome = new Map<number | string, Target>()
  /** The same source and endpoint with another Service. */
  readonly next: Slots | undefined
  readonly depth: number

  constructor(service: Destination, plans: MetricsPlans, next: Slots | undefined) {
    this.service = service
    this.plans = plans
    this.next = next
    this.depth = next === undefined ? 1 : next.depth + 1
  }
}

type SlotsByEndpoint = WeakMap<Endpoint | typeof noEndpoint, Slots>

/** Services, and policies for them, that share an endpoint; more make the cache begin anew. */
const MAX_SERVICES = 8

/** Stands for "no endpoint was chosen" as a key. */
const noEndpoint: { readonly kind: 'no-endpoint' } = { kind: 'no-endpoint' }

/**
 * Finds what belongs to source, endpoint, Service and policy of a record by two look-ups of objects; those that nobody else
 * holds fall out of it.
 */
export class PeerSlots {
  readonly #caches = new WeakMap<Source, SlotsByEndpoint>()
  /** Of the last record: many come from the same source one after the other. */
  #source: Source | undefined
  #endpoints: SlotsByEndpoint = new WeakMap()

  of(record: ExchangeRecord, plans: MetricsPlans): Slots {
    const { source } = record
    const endpoint = record.endpoint ?? noEndpoint
    const service = record.backend ?? record.destination
    const endpoints = source === this.#source ? this.#endpoints : this.#endpointsOf(source)
    const first = endpoints.get(endpoint)
    for (let slots = first; slots !== undefined; slots = slots.next) {
      if (slots.service === service && slots.plans === plans) return slots
    }
    // A Service is a new object whenever it changed: the old ones must not pile up on a long connection.
    const slots = new Slots(service, plans, first !== undefined && first.depth < MAX_SERVICES ? first : undefined)
    endpoints.set(endpoint, slots)
    return slots
  }

  #endpointsOf(source: Source): SlotsByEndpoint {
    let endpoints = this.#caches.get(source)
    if (endpoints === undefined) {
      endpoints = new WeakMap()
      this.#caches.set(source, endpoints)
    }
    this.#source = source
    this.#endpoints = endpoints
    return endpoints
  }
}
