/**
 * The model made fast: immutable plans that the proxy walks through. It answers, the proxy asks.
 * No counters, no sockets, no waiting in this room: what outlives a swap lives in `proxy`, keyed by these objects,
 * and `compile` hands on the objects of the previous snapshot wherever nothing changed.
 */
import type { Filter } from '../filter/index.ts'
import type { Destination } from '../filter/record.ts'
import type { Endpoint, EndpointKey } from '../model/endpoint.ts'
import type { PathNormalization } from '../model/model.ts'
import type { Service, ServicePort } from '../model/service.ts'

export interface Snapshot {
  /** Counts up by one with each snapshot of a process. */
  readonly generation: number
  readonly pathNormalization: PathNormalization
  /** Keyed by CONNECT authority: `10.96.0.12:80`, `[fd00::12]:80`, `api.shop.svc.cluster.local:80`. */
  readonly frontends: ReadonlyMap<string, Frontend>
  readonly groups: ReadonlyMap<EndpointKey, EndpointGroup>
}

/** A Service port that clients reach through this waypoint. */
export interface Frontend {
  readonly destination: Destination
  readonly service: Service
  readonly port: ServicePort
  /** Service-scoped filters in running order. */
  readonly chain: Chain
  readonly producer: RouteTable | undefined
  readonly consumers: ReadonlyMap<string, RouteTable>
  readonly passThrough: PassThrough
  /** Answer 503 with this reason, whatever the request. */
  readonly closed: string | undefined
}

/** All (route, rule, match) triples of one route set in the order of precedence. */
export interface RouteTable {
  readonly entries: readonly MatchPlan[]
}

/** One match of one rule, ready to be tried. */
export interface MatchPlan {
  readonly kind: 'match'
  readonly rule: RulePlan
  /** The PathPrefix that matched (no trailing slash; `/` itself stays), for ReplacePrefixMatch. */
  readonly prefix: string | undefined
  /** Gateway API's precedence as text, for people: `Exact path (9 characters), method, 2 headers`. */
  readonly rank: string
  readonly test: (request: MatchRequest) => boolean
}

export interface RulePlan {
  /** `HTTPRoute/NS/NAME` */
  readonly route: string
  /** The rule's name, else its index as text. */
  readonly name: string
  readonly chain: Chain
  readonly backends: readonly BackendPlan[]
  /** Sum of the weights; 0 answers 500. */
  readonly totalWeight: number
  /** Refuse with this status and reason. */
  readonly closed: { readonly status: number; readonly reason: string } | undefined
}

export type BackendPlan =
  | {
      readonly kind: 'service'
      readonly weight: number
      readonly destination: Destination
      readonly group: EndpointGroup
      readonly chain: Chain
    }
  | { readonly kind: 'invalid'; readonly weight: number; readonly status: number; readonly reason: string }

export interface PassThrough {
  readonly kind: 'pass-through'
  readonly backend: Extract<BackendPlan, { kind: 'service' }>
}

/** Endpoints of one Service port. The object stays the same across snapshots while its endpoints do. */
export interface EndpointGroup {
  readonly key: EndpointKey
  readonly endpoints: readonly Endpoint[]
}

/** Filters composed once: only those that have the hook, in running order. */
export interface Chain {
  readonly filters: readonly Filter[]
  readonly onRequest: readonly NonNullable<Filter['onRequest']>[]
  /** In reverse order of the requests. */
  readonly onResponse: readonly NonNullable<Filter['onResponse']>[]
  readonly onComplete: readonly NonNullable<Filter['onComplete']>[]
}

/** What matching looks at. */
export interface MatchRequest {
  readonly method: string
  /** Normalised, without the query. */
  readonly path: string
  /** With its `?`, or empty. */
  readonly query: string
  /** `host` is among them. */
  readonly headers: { readonly getLower: (name: string) => string | undefined }
}

/** What routing decided; `fairway explain` prints it with the reasons. */
export type Resolution = MatchPlan | PassThrough | { readonly kind: 'no-match'; readonly table: RouteTable }
