/**
 * The model made fast: immutable plans that the proxy walks through. It answers, the proxy asks.
 * No counters, no sockets, no waiting in this room: what outlives a swap lives in `proxy`, keyed by these objects,
 * and `compile` hands on the objects of the previous snapshot wherever nothing changed.
 */
import type { Chain } from '../filter/chain.ts'
import type { FilterFactory } from '../filter/instances.ts'
import type { Destination } from '../filter/record.ts'
import type { BackendTls, Endpoint, EndpointKey } from '../model/endpoint.ts'
import type { Match } from '../model/match.ts'
import type { PathNormalization } from '../model/model.ts'
import type { Mirror, Retry, Route, Rule, Timeouts } from '../model/route.ts'
import type { Service, ServicePort } from '../model/service.ts'

export interface Snapshot {
  /** Counts up by one with each snapshot of a process. */
  readonly generation: number
  readonly pathNormalization: PathNormalization
  /** Keyed by CONNECT authority: `10.96.0.12:80`, `[fd00::12]:80`, `api.shop.svc.cluster.local:80`. */
  readonly frontends: ReadonlyMap<string, Frontend>
  readonly groups: ReadonlyMap<EndpointKey, EndpointGroup>
  /** By route key. */
  readonly routes: ReadonlyMap<string, RoutePlan>
  /** By the keys of their routes, each followed by a newline, in the order of the model. */
  readonly tables: ReadonlyMap<string, RouteTable>
  /** What filters were made with: a plan made with another factory is not handed on. */
  readonly filters: FilterFactory
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

/** A route's rules, and the model's object that they were made from, for the next `compile` to compare with. */
export interface RoutePlan {
  readonly source: Route
  readonly rules: readonly RulePlan[]
  readonly matches: readonly MatchPlan[]
}

/**
 * All (route, rule, match) triples of one route set in the order of precedence, and two indexes into them, so that a
 * request is tried only against those whose path fits.
 */
export interface RouteTable {
  readonly routes: readonly RoutePlan[]
  readonly entries: readonly MatchPlan[]
  /** Exact paths; entries in order. */
  readonly exact: ReadonlyMap<string, readonly MatchPlan[]>
  /** Regular expressions in order: no index serves them. */
  readonly regexes: readonly MatchPlan[]
  /** Path prefixes without trailing slash (`/` is the empty string); entries in order. */
  readonly prefixes: ReadonlyMap<string, readonly MatchPlan[]>
  /** The different lengths of `prefixes`' keys, longest first. */
  readonly prefixLengths: readonly number[]
  readonly noMatch: NoMatch
}

/** One match of one rule, ready to be tried. */
export interface MatchPlan {
  readonly kind: 'match'
  readonly rule: RulePlan
  readonly match: Match
  /** The PathPrefix that matched (no trailing slash; `/` itself stays), for ReplacePrefixMatch. */
  readonly prefix: string | undefined
  /** Gateway API's precedence as text, for people: `Exact path (9 characters), method, 2 headers`. */
  readonly rank: string
  /** Sorts before the entries it takes precedence over. */
  readonly precedence: Precedence
  /** One test per field, the path first; a request fits when all hold. */
  readonly fields: readonly FieldTest[]
}

/** One condition of a match. */
export interface FieldTest {
  /** For people: `path`, `method`, `header x-user`, `query parameter animal`. */
  readonly name: string
  /** For people: `PathPrefix /shop`. */
  readonly wanted: string
  readonly holds: (request: MatchRequest) => boolean
}

/** Gateway API's order of precedence, field by field in the order in which they decide. */
export interface Precedence {
  /** 0 Exact, 1 RegularExpression, 2 PathPrefix. */
  readonly pathType: number
  /** Of the path value without trailing slashes; more is first. */
  readonly pathLength: number
  readonly hasMethod: boolean
  /** More is first. */
  readonly headers: number
  /** More is first. */
  readonly queryParams: number
  /** Older is first; without a time is newest. */
  readonly createdAtMs: number
  /** `NAMESPACE/NAME`, alphabetical. */
  readonly route: string
  readonly rule: number
}

/** Plans of unchanged rules are handed on, so that pick state and metric handles can be keyed by them. */
export interface RulePlan {
  /** `HTTPRoute/NS/NAME` */
  readonly route: string
  /** The rule's name, else its index as text. */
  readonly name: string
  readonly chain: Chain
  readonly backends: readonly BackendPlan[]
  /** Sum of the weights; 0 answers 500. */
  readonly totalWeight: number
  readonly timeouts: Timeouts | undefined
  readonly retry: Retry | undefined
  readonly mirrors: readonly Mirror[]
  /** Refuse with this status and reason. */
  readonly closed: { readonly status: number; readonly reason: string } | undefined
  /** What it was made from, for the next `compile` to compare with. */
  readonly source: Rule
}

export type BackendPlan =
  | {
      readonly kind: 'service'
      readonly weight: number
      readonly destination: Destination
      /** To be looked up in the snapshot's `groups`: endpoints change without their routes (two clocks). */
      readonly endpoints: EndpointKey
      readonly chain: Chain
      readonly mirrors: readonly Mirror[]
    }
  | {
      readonly kind: 'invalid'
      readonly weight: number
      readonly status: number
      readonly reason: string
      /** For people: `Service shop/api:80`. */
      readonly ref: string
    }

export interface PassThrough {
  readonly kind: 'pass-through'
  readonly backend: Extract<BackendPlan, { kind: 'service' }>
}

/** Endpoints of one Service port. The object stays the same across snapshots while its endpoints do. */
export interface EndpointGroup {
  readonly key: EndpointKey
  readonly endpoints: readonly Endpoint[]
  /** How the application itself is spoken to, inside the tunnel if there is one; absent: in plaintext. */
  readonly tls?: BackendTls
  /** Answer 503 with this reason. */
  readonly closed?: string
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

/** A route set has routes, and none of them fits: 404. */
export interface NoMatch {
  readonly kind: 'no-match'
}

/** What routing decided; `fairway explain` prints it with the reasons. */
export type Resolution = MatchPlan | PassThrough | NoMatch
