/** What is different: the other `value`, or `type` of value, a field or item that is `missing` in the mirror's or `extra` there, another `length` of a list. */
export type DifferenceKind = 'value' | 'type' | 'missing' | 'extra' | 'length'

/** Where of an answer it is. */
export type DifferencePart = 'status' | 'header' | 'trailer' | 'body'

/** One thing in which an answer of the mirror differs from the primary's. */
export interface Difference {
  readonly part: DifferencePart
  /** The name of a header; of a body that is JSON the steps to it; else empty. */
  readonly steps: readonly string[]
  /** The same, with `*` for each place in a list. */
  readonly pattern: readonly string[]
  readonly kind: DifferenceKind
  readonly primary: unknown
  readonly mirror: unknown
}
