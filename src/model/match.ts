/** One HTTPRoute match: AND between the fields that are there. */
export interface Match {
  readonly path: PathMatch
  readonly headers: readonly ValueMatch[]
  readonly queryParams: readonly ValueMatch[]
  readonly method?: string
}

export interface PathMatch {
  readonly type: 'Exact' | 'PathPrefix' | 'RegularExpression'
  /** As written, except that PathPrefix has lost its trailing slashes (`/` itself stays). */
  readonly value: string
}

/** `name` is lower-cased for headers, verbatim for query parameters. */
export interface ValueMatch {
  readonly type: 'Exact' | 'RegularExpression'
  readonly name: string
  readonly value: string
}
