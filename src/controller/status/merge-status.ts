import {
  CONTROLLER_NAME,
  type AncestorStatus,
  type KubeStatus,
  type ParentStatus,
} from '../../config/status/kube-status.ts'
import { isEqual } from '../../lib/is-equal.ts'
import { isPlainObject } from '../../lib/schema.ts'
import type { ParentReference } from '../../model/condition.ts'
import { listAt, textAt, valueAt, type LiveObject } from '../manifest.ts'
import { conditionsOf, isBehind, mergeConditions } from './conditions.ts'

/** Gateway API takes no more entries. */
const MAX_PARENTS = 32
const MAX_ANCESTORS = 16

/** The types of conditions in `status.conditions` that are ours there. */
export type OwnedTypes = ReadonlySet<string>

/**
 * The status that an object should have, out of what it has and what is to be said; the same object where nothing changes,
 * and also where what stands there is of a later generation. Entries of other controllers, and what we know nothing of,
 * stay as they are.
 */
export const mergeStatus = (
  live: LiveObject,
  wanted: KubeStatus,
  { owned, now }: { readonly owned: OwnedTypes; readonly now: string },
): unknown => {
  const before = isPlainObject(live['status']) ? live['status'] : undefined
  const status: Record<string, unknown> = { ...before }
  if (wanted.parents !== undefined) {
    const entries = wanted.parents.map(({ parentRef, ...rest }) => ({ ref: parentRef, ...rest }))
    const merged = mergeEntries(listAt(before, 'parents'), entries, { field: 'parentRef', max: MAX_PARENTS, live, now })
    if (merged === undefined) return before
    status['parents'] = merged
  } else if (wanted.ancestors !== undefined) {
    const entries = wanted.ancestors.map(({ ancestorRef, ...rest }) => ({ ref: ancestorRef, ...rest }))
    const merged = mergeEntries(listAt(before, 'ancestors'), entries, {
      field: 'ancestorRef',
      max: MAX_ANCESTORS,
      live,
      now,
    })
    if (merged === undefined) return before
    status['ancestors'] = merged
  }
  if (owned.size > 0) {
    const conditions = conditionsOf(live)
    if (isBehind(conditions, wanted.conditions ?? [])) return before
    const merged = mergeConditions(conditions, wanted.conditions ?? [], { owned, now })
    if (merged.length > 0 || conditions.length > 0) status['conditions'] = merged
  }
  return isEqual(status, before ?? {}) || isNothing(before, status) ? before : status
}

/** An object without a status needs none to say nothing. */
const isNothing = (before: unknown, status: Readonly<Record<string, unknown>>): boolean =>
  before === undefined && Object.values(status).every((value) => Array.isArray(value) && value.length === 0)

type Entry = Omit<ParentStatus & AncestorStatus, 'parentRef' | 'ancestorRef'> & { readonly ref: ParentReference }

interface Merging {
  readonly field: 'parentRef' | 'ancestorRef'
  readonly max: number
  readonly live: LiveObject
  readonly now: string
}

/** `undefined`: what stands there is newer. */
const mergeEntries = (
  before: readonly unknown[],
  wanted: readonly Entry[],
  { field, max, live, now }: Merging,
): readonly unknown[] | undefined => {
  const namespace = textAt(live, 'metadata', 'namespace')
  const left = new Map(wanted.map((entry) => [keyOfReference(entry.ref, namespace), entry]))
  const merged: unknown[] = []
  for (const old of before) {
    if (textAt(old, 'controllerName') !== CONTROLLER_NAME) {
      merged.push(old)
      continue
    }
    const key = keyOfReference(valueAt(old, field), namespace)
    const entry = left.get(key)
    if (entry === undefined) continue
    left.delete(key)
    const conditions = listAt(old, 'conditions')
    if (isBehind(conditions, entry.conditions)) return undefined
    merged.push(writeEntry(entry, conditions, field, now))
  }
  for (const entry of left.values()) merged.push(writeEntry(entry, [], field, now))
  return merged.slice(0, Math.max(max, before.length))
}

const writeEntry = (
  { ref, controllerName, conditions }: Entry,
  before: readonly unknown[],
  field: Merging['field'],
  now: string,
): unknown => {
  // All conditions of an entry of ours are ours.
  const owned = new Set(before.map((condition) => textAt(condition, 'type')))
  return { [field]: ref, controllerName, conditions: mergeConditions(before, conditions, { owned, now }) }
}

/** A reference as a text: the API server adds defaults; two that mean the same are the same. */
export const keyOfReference = (ref: unknown, namespace: string): string =>
  JSON.stringify([
    textAt(ref, 'group'),
    textAt(ref, 'kind'),
    textAt(ref, 'namespace') || namespace,
    textAt(ref, 'name'),
    textAt(ref, 'sectionName'),
    valueAt(ref, 'port') ?? 0,
  ])
