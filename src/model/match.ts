/** One match of a route: AND between the fields that are there. That of a GRPCRoute is written as the path it means. */
export interface Match {
  readonly path: PathMatch
  /** Each name once. */
  readonly headers: readonly ValueMatch[]
  /** Each name once. */
  readonly queryParams: readonly ValueMatch[]
  readonly method?: string
  /** There for a match of a GRPCRoute, whose precedence counts these characters and not those of the path (GRPCRouteRule.matches). */
  readonly grpc?: {
    /** Characters of the service that is asked for, or of its pattern; 0: any. */
    readonly serviceLength: number
    readonly methodLength: number
  }
}

export interface PathMatch {
  readonly type: 'Exact' | 'PathPrefix' | 'RegularExpression'
  /** As written, except that PathPrefix has lost its trailing slashes (`/` itself stays). */
  readonly value: string
}

/** `name` is lower-cased for headers, verbatim for query parameters and claims. */
export interface ValueMatch {
  readonly type: 'Exact' | 'RegularExpression'
  readonly name: string
  readonly value: string
  /** Of a header: it is no header but a claim of the verified token, and these names lead to it, one inside the other. */
  readonly claim?: readonly string[]
}
