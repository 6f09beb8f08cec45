import type { FilterSpec } from './filter-spec.ts'
import type { Match } from './match.ts'
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
  /** Set when requests that match must be refused (bad filter, unsupported field): status and reason. */
  readonly closed?: { readonly status: number; readonly reason: string }
}

/** One weighted destination of a rule. */
export type Backend =
  | {
      readonly kind: 'service'
      readonly weight: number
      /** For people and metrics. */
      readonly service: {
        readonly namespace: string
        readonly name: string
        readonly hostname: string
        readonly port: number
      }
      readonly endpoints: EndpointKey
      readonly filters: readonly FilterSpec[]
    }
  /** An invalid reference: its share of the weight is answered with `status` (500, Gateway API). */
  | {
      readonly kind: 'invalid'
      readonly weight: number
      readonly status: number
      readonly reason: string
      readonly ref: string
    }
