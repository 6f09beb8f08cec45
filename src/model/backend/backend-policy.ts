/**
 * How a Service port's endpoints are chosen, watched and spared: kind BackendPolicy (fairway.dev/v1alpha1), and what
 * Gateway API's XBackendTrafficPolicy says of the same. Every part is optional; what is absent has the data plane's
 * default. Durations are milliseconds above 0, shares are per cent.
 */
export interface BackendPolicy {
  /** Who says so, for reasons and people: `BackendPolicy shop/api`. */
  readonly source: string
  readonly loadBalancing?: LoadBalancing
  readonly outlierDetection?: OutlierDetection
  readonly limits?: BackendLimits
  readonly retryBudget?: RetryBudgetPolicy
  readonly pool?: PoolPolicy
  /** Where no route applies: rules have what policies ask for their backends as their own (`Rule.sessionPersistence`). */
  readonly sessionPersistence?: SessionPersistence
}

/** Which endpoint is next; absent: RoundRobin. */
export type LoadBalancing =
  | {
      readonly algorithm: 'RoundRobin' | 'LeastRequest' | 'Random'
      /** An endpoint that is new, or healthy again, begins with `minimumPercent` of its share. */
      readonly slowStart?: { readonly durationMs: number; readonly minimumPercent: number }
    }
  | {
      readonly algorithm: 'ConsistentHash'
      readonly key: HashKey
      /** No endpoint has more than this share of the mean of requests under way; absent: whatever its keys bring. At least 101. */
      readonly maxLoadPercent?: number
    }

/** What is hashed. A request that has nothing of the kind goes to a random endpoint. */
export type HashKey =
  | { readonly type: 'Header' | 'Cookie' | 'QueryParameter' | 'JWTClaim'; readonly name: string }
  /** The SPIFFE identity, or the address, of the client's workload. */
  | { readonly type: 'SourcePrincipal' | 'SourceAddress' }

/** When an endpoint is ejected, and for how long. 0 switches a count off. */
export interface OutlierDetection {
  /** Answers 500 to 599, and whatever counts as a gateway error, in a row. */
  readonly consecutive5xxErrors: number
  /** Answers 502, 503, 504, and tries without an answer, in a row. */
  readonly consecutiveGatewayErrors: number
  /** Connections that could not be made, or not to the right identity, in a row. */
  readonly consecutiveLocalOriginFailures: number
  /** Least share of good answers in each interval with at least `minimumRequests`; absent: not looked at. */
  readonly successRatio?: { readonly minimumPercent: number; readonly minimumRequests: number }
  readonly intervalMs: number
  /** The first ejection; each further one in a row lasts twice as long, up to `maxEjectionMs`. */
  readonly baseEjectionMs: number
  readonly maxEjectionMs: number
  /** Of the endpoints of a Service port; one may always be ejected, unless it is the only one. */
  readonly maxEjectionPercent: number
}

/** Each absent: no limit. All of one process. */
export interface BackendLimits {
  /** TCP connections, and tunnels to HBONE endpoints, that are open to the Service port. */
  readonly maxConnections?: number
  /** Requests under way, their answers included. */
  readonly maxRequests?: number
  /** Requests that may wait until there are fewer of them; absent with `maxRequests`: none, they are refused at once. */
  readonly maxPendingRequests?: number
}

/** What may be sent again (GEP-3388). */
export interface RetryBudgetPolicy {
  /** Of the requests of the last `intervalMs`. */
  readonly percent: number
  readonly intervalMs: number
  /** Always allowed: `count` in each `intervalMs`. */
  readonly minRetryRate: { readonly count: number; readonly intervalMs: number }
}

export interface PoolPolicy {
  readonly connectMs?: number
  /** Idle sessions are closed after this long. */
  readonly idleMs?: number
}

/** GEP-1619: requests of one session go to one endpoint. */
export interface SessionPersistence {
  readonly type: 'Cookie' | 'Header'
  /** Of the cookie or the header, as on the wire. */
  readonly name: string
  /**
   * Whose sessions these are: a route's rule, or a Service port without one. Two may have one `name`, and a token of the
   * one must not be taken for the other's.
   */
  readonly scope: string
  /** Of the cookie; default `/`. */
  readonly path?: string
  /** `Permanent`: the cookie has a Max-Age, which is the absolute timeout. */
  readonly lifetimeType: 'Session' | 'Permanent'
  /** Sessions end after this long, whatever their kind. */
  readonly absoluteTimeoutMs?: number
}
