import type { HeaderList } from '../../../../http/header-list.ts'

/** What a provider says, or that it says nothing of use. */
export type Verdict =
  | ({ readonly kind: 'allow' } & RequestChanges)
  | { readonly kind: 'deny'; readonly status: number; readonly headers: HeaderList; readonly body: string }
  | { readonly kind: 'error'; readonly message: string }

/** What an answer that allows a request does to it, and to its response. */
export interface RequestChanges {
  readonly request: readonly FieldChange[]
  /** Names in lower case. */
  readonly removed: readonly string[]
  readonly response: readonly FieldChange[]
  readonly querySet: readonly (readonly [name: string, value: string])[]
  readonly queryRemoved: readonly string[]
  /** What else it says, and nobody here can do, for people. */
  readonly ignored: readonly string[]
}

/** One field and what becomes of those of its name (envoy.config.core.v3.HeaderValueOption). */
export interface FieldChange {
  readonly action: FieldAction
  /** In lower case. */
  readonly name: string
  readonly value: string
}

/** `append` leaves those that are there; `replace` does nothing where there is none. */
export type FieldAction = 'append' | 'add-if-absent' | 'set' | 'replace'
