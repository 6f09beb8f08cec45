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
  /** From this time on the object does nothing, as it wants it itself; what the condition says holds until then. */
  readonly endsAtMs?: number
}

/** What conditions say at a time; those that nothing comes to an end of are the very same. */
export const conditionsAt = (conditions: readonly Condition[], nowMs: number): readonly Condition[] =>
  conditions.some(({ endsAtMs }) => endsAtMs !== undefined)
    ? conditions.map((condition) => conditionAt(condition, nowMs))
    : conditions

const conditionAt = (condition: Condition, nowMs: number): Condition => {
  const { endsAtMs, ...rest } = condition
  if (endsAtMs === undefined || nowMs < endsAtMs) return endsAtMs === undefined ? condition : rest
  if (isFault(condition)) return rest
  const message = `it does nothing since ${new Date(endsAtMs).toISOString()}, as it says itself: take it away, or write a later time`
  return { ...rest, status: 'False', reason: 'Expired', message }
}

/** When the next of them comes to its end; `undefined`: none does. */
export const nextEndOf = (conditions: readonly Condition[], nowMs: number): number | undefined =>
  conditions.reduce<number | undefined>(
    (next, { endsAtMs }) =>
      endsAtMs === undefined || endsAtMs <= nowMs || (next !== undefined && next <= endsAtMs) ? next : endsAtMs,
    undefined,
  )

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
