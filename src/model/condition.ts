import type { SourcePosition } from '../lib/decoded.ts'
import type { ObjectRef } from './model.ts'

/**
 * What became of an object, in Gateway API's form; the second value of `translate`.
 * For a route each parent has its own; `parent` names it (`Service shop/api`).
 */
export interface Condition {
  readonly object: ObjectRef
  readonly parent?: string
  readonly type: 'Accepted' | 'ResolvedRefs' | 'Programmed' | 'Conflicted' | 'PartiallyInvalid'
  readonly status: 'True' | 'False' | 'Unknown'
  /** Gateway API's reason where it has one: `Accepted`, `BackendNotFound`, `UnsupportedValue`, … */
  readonly reason: string
  readonly message: string
  readonly position?: SourcePosition
}
