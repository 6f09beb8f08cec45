/**
 * The model made fast: immutable plans that the proxy walks through. It answers, the proxy asks.
 * No counters, no sockets, no waiting in this room: what outlives a swap lives in `proxy`, keyed by these objects,
 * and `compile` hands on the objects of the previous snapshot wherever nothing changed.
 */
import type { Chain } from '../filter/chain.ts'
import type { FilterFactory } from '../filter/instances.ts'
import type { Destination } from '../filter/record.ts'
import type { VerifiedToken } from '../filter/verified-token.ts'
import type { TextMap } from '../lib/hash/text-map.ts'
import type { ConnectionRule } from '../model/connection-route.ts'
import type { BackendPolicy } from '../model/backend/backend-policy.ts'
import type { CallGrant, FilterSpec } from '../model/filter-spec.ts'
import type { AsideEndpoint, BackendTls, BoundPod, Endpoint, EndpointKey } from '../model/endpoint.ts'
import type { Model, PathNormalization } from '../model/model.ts'
import type { PortProtocol } from '../model/port-protocol.ts'
import type { Ranked } from '../model/precedence.ts'
import type { AuthorizationProvider } from '../model/security/external-authorization.ts'
import type { Mirror, Retry, Route, Rule, Timeouts } from '../model/route.ts'
import type { Service, ServiceKey, ServicePort } from '../model/service.ts'
import type { TelemetryPolicy } from '../model/telemetry/telemetry-policy.ts'
import type { AuthorizationIndex, Authorizations, PolicyPlan } from './security/policy-plans.ts'
import type { AuthenticationPlan, Authentications } from './security/tokens/authentication-plan.ts'
import type { TelemetryPolicies } from './telemetry/compile-telemetry.ts'

export interface Snapshot {
  /** Counts up by one with each snapshot of a process. */
  readonly generation: number
  readonly pathNormalization: PathNormalization
  /** Endpoints are told who the client is. */
  readonly tellsClientIdentity: boolean
  /** As the model has it. */
  readonly defaultRepeats: number | undefined
  /** As the model has it. */
  readonly clusterDomain: string | undefined
  readonly callGrants: readonly CallGrant[]
  /** Whom CUSTOM policies may name, by name. */
  readonly providers: ReadonlyMap<string, AuthorizationProvider>
  /** Keyed by CONNECT authority: `10.96.0.12:80`, `[fd00::12]:80`, `api.shop.svc.cluster.local:80`. */
  readonly frontends: ReadonlyMap<string, ServiceFrontend>
  /** Those of Pods, made when they are asked for; `undefined` when no Pod is bound. */
  readonly pods: PodFrontends | undefined
  /** The same by Service, for the next `compile` to compare with: one for each of its ports. */
  readonly services: ReadonlyMap<ServiceKey, readonly ServiceFrontend[]>
  readonly groups: ReadonlyMap<EndpointKey, EndpointGroup>
  /** By route key. */
  readonly routes: ReadonlyMap<string, RoutePlan>
  /** The AuthorizationPolicies, and the sets of them that apply to frontends. */
  readonly authorizations: Authorizations
  /** RequestAuthentications. */
  readonly authentications: Authentications
  /** What is told of exchanges; those that did not change are the previous objects. */
  readonly telemetry: TelemetryPolicies
  /** What it was made of, for the next `compile` to compare with. */
  readonly model: Model
  /** What filters were made with: a plan made with another factory is not handed on. */
  readonly filters: FilterFactory
}

/** What clients reach through this waypoint: a Service port, or a port of a Pod. */
export type Frontend = ServiceFrontend | PodFrontend

interface AnyFrontend {
  readonly destination: Destination
  /** What clients are declared to speak; what becomes of a tunnel depends on routes too: `tunnelKindOf`. */
  readonly protocol: PortProtocol
  /** Service-scoped filters in running order. */
  readonly chain: Chain
  readonly producer: RouteTable | undefined
  readonly consumers: ReadonlyMap<string, RouteTable>
  /** The route sets of this port that act on connections; `undefined` when there are none. */
  readonly connections: ConnectionTables | undefined
  readonly passThrough: PassThrough
  /** Who may; `undefined`: whoever comes. */
  readonly authorization: AuthorizationIndex | undefined
  /** Answer 503 with this reason, whatever the request. */
  readonly closed: string | undefined
  /** Whose tokens are looked for; `undefined` when nobody's are. */
  readonly authentication: AuthenticationPlan | undefined
  /** What is told of its exchanges; `undefined`: no Telemetry object says anything about them. */
  readonly telemetry: TelemetryPolicy | undefined
}

/** A Service port. */
export interface ServiceFrontend extends AnyFrontend {
  readonly kind: 'service'
  readonly service: Service
  readonly port: ServicePort
  /** Every authority that means this port. */
  readonly authorities: readonly string[]
}

/** A port of a Pod, for clients that dial the Pod itself: no Service's routes, and nothing declared of what it speaks. */
export interface PodFrontend extends AnyFrontend {
  readonly kind: 'pod'
  readonly pod: BoundPod
  readonly port: { readonly port: number }
}

/** The frontends of Pods. There may be 65,535 of each Pod, so that only those in use are kept, up to a limit. */
export interface PodFrontends {
  /** By CONNECT authority in canonical form. The same object again, unless thousands of others were asked for since. */
  readonly find: (authority: string) => PodFrontend | undefined
  /** Those that were made. */
  readonly made: () => Iterable<PodFrontend>
  /** What they are made from, for the next `compile` to compare with. */
  readonly source: readonly BoundPod[]
  readonly plans: ReadonlyMap<string, PolicyPlan>
  readonly authentications: Authentications['policies']
  readonly telemetry: TelemetryPolicy | undefined
  readonly filters: PodChain
}

/** What requests to Pods pass. */
export interface PodChain {
  readonly chain: Chain
  /** Why they are closed: one of the filters could not be made. */
  readonly failure: string | undefined
  /** What it was made from. */
  readonly source: readonly FilterSpec[]
}

/** Route sets of TCPRoutes and TLSRoutes on one port. Each set is of one kind, so a namespace has one here or in `consumers`. */
export interface ConnectionTables {
  readonly producer: ConnectionTable | undefined
  readonly consumers: ReadonlyMap<string, ConnectionTable>
}

export type ConnectionTable = TcpTable | SniTable

/** All connections go one way. */
export interface TcpTable {
  readonly kind: 'tcp'
  readonly plan: ConnectionPlan
}

/** Connections by the server name in their TLS ClientHello. */
export interface SniTable {
  readonly kind: 'tls'
  readonly exact: ReadonlyMap<string, ConnectionPlan>
  /** By what follows the asterisk: `.example.com`. */
  readonly wildcards: ReadonlyMap<string, ConnectionPlan>
  /** For names that nothing else is for, and for connections without a name. */
  readonly any: ConnectionPlan | undefined
  /** All that has a name to itself, in order of precedence. */
  readonly plans: readonly ConnectionPlan[]
  readonly noMatch: RefusedConnection
  readonly notTls: RefusedConnection
}

/** Where connections go: a backend is picked by weight for each. Handed on while its rule is the same. */
export interface ConnectionPlan extends Weighted<ConnectionBackendPlan> {
  readonly kind: 'backends'
  /** `TCPRoute/NS/NAME` */
  readonly route: string
  /** The rule's name, else its index as text. */
  readonly rule: string
  /** Refuse every connection: the rule is closed, or its weights add up to nothing. */
  readonly refused: RefusedConnection | undefined
  /** What it was made from, for the next `compile` to compare with. */
  readonly source: ConnectionRule
}

/** What one is picked from by weight; the state of picking is kept by this object. */
export interface Weighted<T extends { readonly weight: number }> {
  readonly backends: readonly T[]
  /** Sum of the weights; 0: nothing can be picked. */
  readonly totalWeight: number
}

export type ConnectionBackendPlan =
  | {
      readonly kind: 'service'
      readonly weight: number
      readonly destination: Destination
      /** To be looked up with `groupOf`. */
      readonly endpoints: EndpointKey
    }
  /** Its share of the connections is refused. */
  | { readonly kind: 'invalid'; readonly weight: number; readonly reason: string; readonly ref: string }

/** A connection that must not be carried: `closed` by configuration, or `no-match` for no route of the port takes it. */
export interface RefusedConnection {
  readonly kind: 'refused'
  readonly cause: 'closed' | 'no-match'
  /** For people. */
  readonly reason: string
  /** The route that refuses it, if one does. */
  readonly route: string | undefined
}

/** What is decided about a connection. */
export type ConnectionResolution = ConnectionPlan | PassThrough | RefusedConnection

/** A route's matches by rule, and the model's object that they were made from, for the next `compile` to compare with. */
export interface RoutePlan {
  readonly source: Route
  /** Those of most routes are made when they are first asked for. */
  readonly matches: readonly MatchPlan[]
  /** False when no chain of its rules and backends has a filter. */
  readonly hasFilters: boolean
}

/** A route set. The routes are all of one kind. */
export interface RouteTable {
  readonly routes: readonly RoutePlan[]
  /** Of few routes they are made when they are first asked for. */
  readonly indexes: RouteIndexes
  readonly hasIndexes: boolean
}

/**
 * All (route, rule, match) triples of one route set in the order of precedence, and indexes into them, so that a request
 * is tried only against the few that could fit.
 */
export interface RouteIndexes {
  readonly entries: readonly MatchPlan[]
  /** By exact path. */
  readonly exact: Buckets
  /** Those with a regular expression for a path, if there are any. */
  readonly regexes: Bucket | undefined
  /** By path prefix without trailing slash (`/` is the empty string). */
  readonly prefixes: Buckets
  /** By length: the least position of those with a prefix so long; the number of entries where there are none. */
  readonly firstOfLength: readonly number[]
  /** Position of the first entry that is in `regexes` or `prefixes`; none: the number of entries. */
  readonly firstInexact: number
  readonly noMatch: NoMatch
}

/** Some entries of a table by what a path is, or begins with. */
export type Buckets = Pick<TextMap<Bucket>, 'get' | 'find' | 'entries'>

/** Some entries of a table by their positions in it, which say what takes precedence: one, a few, or many with an index. */
export type Bucket = number | BucketList | BucketIndex

/** Entries that have to be tried one after the other. */
export interface BucketList {
  readonly kind: 'list'
  /** Ascending; never empty. */
  readonly positions: readonly number[]
}

/** Entries told apart by the value that one part of the request must have. */
export interface BucketIndex {
  readonly kind: 'index'
  /** The least position in it. */
  readonly first: number
  readonly by: Discriminator
  readonly groups: ReadonlyMap<string, Bucket>
  /** Entries that ask nothing exact of that part. */
  readonly rest: Bucket | undefined
}

/** A part of a request that an exact condition can be about; only headers and query parameters have names. */
export interface Discriminator {
  readonly kind: 'method' | 'header' | 'query parameter'
  readonly name: string
}

/** One match of one rule, ready to be tried. */
export interface MatchPlan extends Ranked {
  readonly kind: 'match'
  readonly rule: RulePlan
  /** The PathPrefix that matched (no trailing slash; `/` itself stays), for ReplacePrefixMatch. */
  readonly prefix: string | undefined
  /** Of its regular expressions; `undefined` when it has none. */
  readonly patterns: MatchPatterns | undefined
  /** Why it fits no request: a pattern that cannot be compiled. */
  readonly failure: string | undefined
}

/** Whether the whole of a text fits a regular expression. */
export type Pattern = (text: string) => boolean

/** The regular expressions of a match; `undefined` where a field is exact. */
export interface MatchPatterns {
  readonly path: Pattern | undefined
  readonly headers: readonly (Pattern | undefined)[]
  readonly queryParams: readonly (Pattern | undefined)[]
}

/** Plans of unchanged rules are handed on, so that pick state and metric handles can be keyed by them. */
export interface RulePlan extends Weighted<BackendPlan> {
  /** `HTTPRoute/NS/NAME` */
  readonly route: string
  /** The rule's name, else its index as text. */
  readonly name: string
  readonly chain: Chain
  /** Weights that add up to 0 answer 500. */
  readonly backends: readonly BackendPlan[]
  /** One of them has filters that may refuse a request. */
  readonly isGuarded: boolean
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
      /** To be looked up with `groupOf`: endpoints change without their routes (two clocks). */
      readonly endpoints: EndpointKey
      /** Of a Pod, whose only endpoint it is itself; not among the snapshot's `groups`. */
      readonly group?: EndpointGroup
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
  /** What the Service port is declared to speak; absent, and never `unknown`, when it is not declared. */
  readonly protocol?: PortProtocol
  /** How the application itself is spoken to, inside the tunnel if there is one; absent: in plaintext. */
  readonly tls?: BackendTls
  /** Answer 503 with this reason. */
  readonly closed?: string
  /** How endpoints are chosen, watched and spared; absent: as the data plane does it of its own accord. */
  readonly policy?: BackendPolicy
  /** Those that are known and get no requests, for people. */
  readonly aside?: readonly AsideEndpoint[]
}

/** What matching looks at. */
export interface MatchRequest {
  readonly method: string
  /** Normalised, without the query. */
  readonly path: string
  /** With its `?`, or empty. */
  readonly query: string
  /** `host` is among them. */
  readonly headers: { readonly joinedLower: (name: string, comma: string) => string | undefined }
  /** The protocols that the endpoint will be asked to switch to (`websocket`), with `, ` between. */
  readonly upgrade?: string | undefined
  /** Of a request that was verified. */
  readonly token?: VerifiedToken | undefined
}

/** A route set has routes, and none of them fits: 404. */
export interface NoMatch {
  readonly kind: 'no-match'
}

/** What routing decided; `fairway explain` prints it with the reasons. */
export type Resolution = MatchPlan | PassThrough | NoMatch
