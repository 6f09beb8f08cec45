/** A configured filter as the model carries it: which kind, with what, from where. */
export interface FilterSpec {
  /** `RequestHeaderModifier`, `URLRewrite`, …: the `kind` of a `FilterDefinition`. */
  readonly kind: string
  /** As written, and found good by the definition's schema, which decodes it once more where the filter is made; JSON. */
  readonly config: unknown
  /** For people: `HTTPRoute shop/api rules[0].filters[1]`. */
  readonly origin: string
  /** There when the filter is a user's own. */
  readonly user?: UserFilter
}

/** What is known of a user's filter beside its configuration. */
export interface UserFilter {
  /** `NAMESPACE/NAME` of the object. */
  readonly id: string
  readonly module: string
  readonly version: string
  readonly failureMode: 'open' | 'closed'
  readonly hookMs: number
  readonly waitMs: number
  readonly isolation: 'none' | 'thread'
}
