import type { Syntax } from './syntax.ts'

/** What a value is. */
export type ValueType = 'string' | 'int' | 'double' | 'bool' | 'duration'

/** A duration is in milliseconds; `undefined`: there is no such value (CEL calls it an error). */
export type Value = string | number | boolean | undefined

/** Something of the input that has a name: `response.code`, or a map of texts like `request.headers`. */
export type Attribute<I> =
  | { readonly type: ValueType; readonly read: (input: I) => Value }
  | { readonly type: 'map'; readonly read: (input: I, key: string) => string | undefined }

/** What an expression may speak of. */
export interface ExpressionScope<I> {
  /** By their whole names. */
  readonly attributes: ReadonlyMap<string, Attribute<I>>
  /** From 0 to 1; without it there is no `sample(…)`. */
  readonly random?: () => number
}

/** A part of an expression as a function. */
export interface Compiled<I> {
  readonly type: ValueType
  readonly run: (input: I) => Value
  /** It is the same for every input. */
  readonly constant?: string | number | boolean
}

/** How parts of an expression are compiled: the scope, and the way back in. */
export interface Compiler<I> {
  readonly scope: ExpressionScope<I>
  readonly compile: (syntax: Syntax) => Compiled<I>
  readonly findMap: (syntax: Syntax) => Extract<Attribute<I>, { type: 'map' }> | undefined
}
