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
  /** The digest of its `FilterModule`. */
  readonly module: string
  /** Short, for people; another one when code, configuration or settings are others. */
  readonly version: string
  readonly failureMode: 'open' | 'closed'
  /** How long one call of a hook may hold the event loop. */
  readonly hookMs: number
  /** How long a promise of a hook may take. */
  readonly waitMs: number
  readonly isolation: 'none' | 'thread'
  /** Names of the hooks that it was found to have when it was tried; absent: not known. */
  readonly hooks?: readonly string[]
}

/** Leave for filters of users to call Services of another namespace than their own. */
export interface CallGrant {
  /** The namespace of the filters. */
  readonly from: string
  /** That of the Services. */
  readonly to: string
  /** Absent: all of them. */
  readonly service?: string
}

/** The code of a user's filter, ready to be evaluated, and what was found out about it when it was tried. */
export interface FilterModule {
  /** The key: of all that decides what the code does. */
  readonly digest: string
  /** The folder of `--filters`, absolute: for stack traces and debuggers, and where packages are looked for. */
  readonly root: string
  /** Where it begins, below `root`: `stamp-version.ts`. */
  readonly entry: string
  /** CommonJS by path below `root`, `entry` among them; every line stands where it stands in the source. */
  readonly files: Readonly<Record<string, string>>
  /** It exports a plugin of Fastify, and is the module of an App. */
  readonly isApp?: true
  /** Of the definition that it exports. */
  readonly kind: string
  readonly stage: 'preflight' | 'identify' | 'admit' | 'shape' | 'select'
  readonly body?: {
    readonly request?: 'stream' | 'buffer' | 'watch'
    readonly response?: 'stream' | 'buffer' | 'watch'
    readonly limitBytes?: number
  }
}
