import type { Destination, ExchangeRecord, Source } from '../../../filter/record.ts'
import type { Endpoint } from '../../../model/endpoint.ts'

/** What spans say that is the same for all exchanges between the same parties which came to the same. */
export interface CommonParts {
  /**
   * Of the exchange's own span and behind it, after what its message begins with, of the span of the try that was answered: in one
   * piece, for most exchanges have just these two.
   */
  readonly bytes: Buffer
  readonly serverBytes: number
  readonly clientBytes: number
}

/** Of one client's exchanges. */
const MAX_OF_ONE = 4
/** Any other is cut out of what was read, all of which would be kept with it. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** What tells one kind of exchange from another, and its parts from the second one on. */
interface Kind {
  readonly destination: Destination
  readonly backend: Destination | undefined
  readonly endpoint: Endpoint | undefined
  readonly method: string
  readonly httpVersion: string
  readonly status: number
  readonly flags: string
  readonly route: string | undefined
  readonly rule: string | undefined
  readonly hasIstioTags: boolean
  parts: CommonParts | undefined
}

interface Kinds {
  readonly known: Kind[]
  next: number
}

/**
 * Keeps those parts for the few kinds of exchanges that each client has. One exchange of a hundred is traced, and finds nothing
 * of what it needs in the processor's caches: a dozen parts in as many places cost more than all that is written.
 */
export class CommonPartsCache {
  readonly #bySource = new WeakMap<Source, Kinds>()
  readonly #make: (record: ExchangeRecord, hasIstioTags: boolean) => CommonParts

  constructor(make: (record: ExchangeRecord, hasIstioTags: boolean) => CommonParts) {
    this.#make = make
  }

  /** `undefined`: there was none of its kind lately. */
  of(record: ExchangeRecord, hasIstioTags: boolean): CommonParts | undefined {
    const kinds = this.#bySource.get(record.source)
    if (kinds === undefined) {
      if (!METHODS.has(record.method)) return undefined
      this.#bySource.set(record.source, { known: [kindOf(record, hasIstioTags)], next: 1 })
      return undefined
    }
    for (const kind of kinds.known)
      if (isOfKind(record, kind) && kind.hasIstioTags === hasIstioTags)
        return (kind.parts ??= this.#make(record, hasIstioTags))
    if (!METHODS.has(record.method)) return undefined
    kinds.known[kinds.next] = kindOf(record, hasIstioTags)
    kinds.next = (kinds.next + 1) % MAX_OF_ONE
    return undefined
  }
}

const isOfKind = (record: ExchangeRecord, kind: Kind): boolean =>
  kind.endpoint === record.endpoint &&
  kind.destination === record.destination &&
  kind.backend === record.backend &&
  kind.status === record.status &&
  kind.route === record.route &&
  kind.rule === record.rule &&
  kind.flags === record.flags &&
  kind.method === record.method &&
  kind.httpVersion === record.httpVersion

const kindOf = (record: ExchangeRecord, hasIstioTags: boolean): Kind => {
  const { destination, backend, endpoint, method, httpVersion, status, flags, route, rule } = record
  const outcome = { status, flags, route, rule }
  return { destination, backend, endpoint, method, httpVersion, ...outcome, hasIstioTags, parts: undefined }
}
