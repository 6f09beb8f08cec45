import type { SourcePosition } from '../lib/decoded.ts'
import type { ObjectRef } from './model.ts'

/**
 * What became of an object, in Gateway API's form; the second value of `translate`.
 * For a route each parent has its own; `parent` names it (`Service shop/api`).
 */
export interface Condition {
  readonly object: ObjectRef
  readonly parent?: string
  /** The reference that `parent` stands for, where the object has one. */
  readonly parentRef?: ParentReference
  readonly type:
    | 'Accepted'
    | 'ResolvedRefs'
    | 'Programmed'
    | 'Conflicted'
    | 'PartiallyInvalid'
    | 'Shadowed'
    | 'Healthy'
    | 'Bypassed'
  readonly status: 'True' | 'False' | 'Unknown'
  /** Gateway API's reason where it has one: `Accepted`, `BackendNotFound`, `UnsupportedValue`, … */
  readonly reason: string
  readonly message: string
  /** `metadata.generation` of the object that was looked at, where it has one: files seldom do. */
  readonly observedGeneration?: number
  readonly position?: SourcePosition
}

/** A parent as the object refers to it, with Gateway API's defaults for group and kind; what is not there was not written. */
export interface ParentReference {
  readonly group: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  readonly sectionName?: string
  readonly port?: number
}

/**
 * Whether a condition is bad news: not True, or True where that is the bad news itself (Gateway API's Conflicted and
 * PartiallyInvalid, and our Shadowed and Bypassed).
 */
export const isFault = ({ type, status }: Pick<Condition, 'type' | 'status'>): boolean =>
  bad.has(type) ? status !== 'False' : status !== 'True'

const bad: ReadonlySet<Condition['type']> = new Set(['Conflicted', 'PartiallyInvalid', 'Shadowed', 'Bypassed'])
