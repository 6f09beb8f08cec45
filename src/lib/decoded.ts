/** Where in a file a value stands; `line` and `column` count from 1, and are 0 for a file or folder as a whole. */
export interface SourcePosition {
  readonly file: string
  readonly line: number
  readonly column: number
}

/**
 * One thing wrong with a piece of input, complete enough to be acted on without looking elsewhere.
 * `path` is the field (`spec.rules[0].matches[1].path.value`), `found` the value as written (shortened to 200
 * characters, never a secret), `expected` what would have been accepted.
 */
export interface Issue {
  readonly message: string
  readonly path?: string
  readonly found?: string
  readonly expected?: string
  readonly position?: SourcePosition
  readonly object?: string
}

/** The outcome of reading foreign data: the typed value, or everything that is wrong with it. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly issues: readonly Issue[] }
