/** What is known of the API server itself. */
export interface ServerFacts {
  /** `https://10.0.0.1:6443` */
  readonly url: string
  /** `v1.34.1` */
  readonly version: string
  /**
   * Its clock less ours in milliseconds, within a second: HTTP dates have no fractions. `undefined`: it tells no time, or
   * took so long to answer that nothing follows from it.
   */
  readonly skewMs: number | undefined
  /** What the user may do beside looking, as far as the server says: `patch gateways.gateway.networking.k8s.io`. */
  readonly rights: readonly UserRight[]
}

/** A right, and whether the user has it. */
export interface UserRight {
  /** `patch gateways.gateway.networking.k8s.io in the namespace shop` */
  readonly right: string
  /** What it is needed for: `fairway waypoint apply`. */
  readonly purpose: string
  readonly isGiven: boolean
}
