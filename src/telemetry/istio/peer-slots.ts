import type { Destination, ExchangeRecord, Source } from '../../filter/record.ts'
import type { Endpoint } from '../../model/endpoint.ts'
import type { Series } from './series-set.ts'

/** Series of one source, endpoint and Service, by what came of the exchange. */
export class Slots {
  readonly service: Destination
  /** Status of `usual`. */
  status = 0
  /** Where the last unremarkable exchange was counted: the next one mostly ends as it did. */
  usual: Series | undefined
  /** Messages of gRPC calls. */
  messages: Series | undefined
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

/** Services that share an endpoint; more make the cache begin anew. */
const MAX_SERVICES = 8

/** Stands for "no endpoint was chosen" as a key. */
const noEndpoint: { readonly kind: 'no-endpoint' } = { kind: 'no-endpoint' }

/**
 * Finds what belongs to source, endpoint and Service of a record by two look-ups of objects; those that nobody else
 * holds fall out of it.
 */
export class PeerSlots {
  readonly #caches = new WeakMap<Source, SlotsByEndpoint>()

  of(record: ExchangeRecord): Slots {
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
}
