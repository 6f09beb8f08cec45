import type { SessionPersistence } from './backend/backend-policy.ts'
import type { FilterSpec } from './filter-spec.ts'
import type { Match } from './match.ts'
import type { MirrorComparison } from './comparison/mirror-comparison.ts'
import type { EndpointKey } from './endpoint.ts'

/** A route object (HTTPRoute; GRPCRoute and others later), its references resolved. */
export interface Route {
  /** `HTTPRoute/NAMESPACE/NAME` */
  readonly key: string
  readonly kind: 'HTTPRoute' | 'GRPCRoute'
  readonly namespace: string
  readonly name: string
  /** `metadata.creationTimestamp` in milliseconds since the epoch; objects without one count as newest (Infinity is not JSON: `undefined`). */
  readonly createdAtMs?: number
  readonly rules: readonly Rule[]
}

export interface Rule {
  /** Position in the route, from 0. */
  readonly index: number
  readonly name?: string
  /** OR between them; never empty (default: PathPrefix `/`). */
  readonly matches: readonly Match[]
  /** The rule-scoped half of the chain. */
  readonly filters: readonly FilterSpec[]
  readonly backends: readonly Backend[]
  readonly timeouts?: Timeouts
  /** Absent: only what cannot have been processed is sent again. */
  readonly retry?: Retry
  /** Who gets a copy of each request after the rule's filters; absent or empty: nobody. */
  readonly mirrors?: readonly Mirror[]
  /**
   * Requests of one session go to one endpoint of all of `backends`, whatever the weights; what the policy of a backend asks
   * for is in it already. Absent: there are no sessions.
   */
  readonly sessionPersistence?: SessionPersistence
  /** Set when requests that match must be refused (bad filter, unsupported field): status and reason. */
  readonly closed?: { readonly status: number; readonly reason: string }
}

/** How long a request may take (HTTPRouteRule.timeouts), in milliseconds above 0; absent: for ever. */
export interface Timeouts {
  /** From the request to the last byte of its response, all tries included. */
  readonly requestMs?: number
  /** Each try, from its first byte to the last byte of the response. */
  readonly backendRequestMs?: number
}

/** What is sent again, besides what was lost on its way (HTTPRouteRule.retry, GEP-1731). */
export interface Retry {
  /** Statuses 400 to 599, ascending; may be empty. */
  readonly codes: readonly number[]
  /** Repetitions, not tries: 1 means two requests at most. */
  readonly attempts: number
  /** The least wait before each, in milliseconds. */
  readonly backoffMs: number
}

/** Whose endpoints get a copy of `numerator` in `denominator` requests (HTTPRequestMirrorFilter); answers are dropped. */
export interface Mirror {
  readonly service: BackendService
  readonly endpoints: EndpointKey
  readonly numerator: number
  readonly denominator: number
  /** For people: `HTTPRoute shop/api rules[0].filters[1]`. */
  readonly origin: string
  /** How its answers are compared; absent: they are dropped. */
  readonly comparison?: MirrorComparison
}

/** A Service as a destination, for people and metrics. */
export interface BackendService {
  readonly namespace: string
  readonly name: string
  readonly hostname: string
  readonly port: number
}

/** One weighted destination of a rule. */
export type Backend =
  | {
      readonly kind: 'service'
      readonly weight: number
      readonly service: BackendService
      readonly endpoints: EndpointKey
      readonly filters: readonly FilterSpec[]
      /** Who gets a copy of what goes to this backend, after its filters. */
      readonly mirrors?: readonly Mirror[]
    }
  /** An invalid reference: its share of the weight is answered with `status` (500, Gateway API). */
  | {
      readonly kind: 'invalid'
      readonly weight: number
      readonly status: number
      readonly reason: string
      readonly ref: string
    }
