/** Sets of fields as `metadata.managedFields` has them (FieldsV1): which parts of an object somebody owns. */
import { isObject, isSameJson, type Json, type JsonObject } from '../json.ts'
import { partsOf, type Shape } from './shape.ts'

export interface FieldSet {
  /** Whether the field itself belongs to the set, and not only what is in it. */
  readonly isMember: boolean
  readonly inner: ReadonlyMap<string, FieldSet>
}

const noFields: ReadonlyMap<string, FieldSet> = new Map()
export const emptySet: FieldSet = { isMember: false, inner: noFields }
const leaf: FieldSet = { isMember: true, inner: noFields }

export const isEmptySet = (fields: FieldSet): boolean => !fields.isMember && fields.inner.size === 0

/** All that a value has. */
export const fieldsOf = (value: Json, shape: Shape): FieldSet => {
  const parts = partsOf(value, shape)
  if (parts === undefined || parts.size === 0) return leaf
  const inner = new Map<string, FieldSet>()
  for (const [path, part] of parts) {
    const found = fieldsOf(part.value, part.shape)
    inner.set(path, part.isEntry ? { ...found, isMember: true } : found)
  }
  return { isMember: false, inner }
}

export const union = (a: FieldSet, b: FieldSet): FieldSet => {
  const inner = new Map(a.inner)
  for (const [path, fields] of b.inner) inner.set(path, union(inner.get(path) ?? emptySet, fields))
  return { isMember: a.isMember || b.isMember, inner }
}

/** What is in both. */
export const intersection = (a: FieldSet, b: FieldSet): FieldSet =>
  combine(a, b, { isMember: a.isMember && b.isMember, ifMissing: () => emptySet, both: intersection })

/** What is in the first only. */
export const difference = (a: FieldSet, b: FieldSet): FieldSet =>
  combine(a, b, { isMember: a.isMember && !b.isMember, ifMissing: (fields) => fields, both: difference })

interface Combining {
  readonly isMember: boolean
  readonly ifMissing: (fields: FieldSet) => FieldSet
  readonly both: (a: FieldSet, b: FieldSet) => FieldSet
}

const combine = (a: FieldSet, b: FieldSet, { isMember, ifMissing, both }: Combining): FieldSet => {
  const inner = new Map<string, FieldSet>()
  for (const [path, fields] of a.inner) {
    const other = b.inner.get(path)
    const result = other === undefined ? ifMissing(fields) : both(fields, other)
    if (!isEmptySet(result)) inner.set(path, result)
  }
  return { isMember, inner }
}

/** What changed between two values: what came or became another, and what went. */
export interface Difference {
  readonly changed: FieldSet
  readonly removed: FieldSet
}

const noDifference: Difference = { changed: emptySet, removed: emptySet }

export const compare = (before: Json | undefined, after: Json | undefined, shape: Shape): Difference => {
  if (before === undefined) {
    return after === undefined ? noDifference : { changed: withSelf(fieldsOf(after, shape)), removed: emptySet }
  }
  if (after === undefined) return { changed: emptySet, removed: withSelf(fieldsOf(before, shape)) }
  const old = partsOf(before, shape)
  const now = partsOf(after, shape)
  if (old === undefined || now === undefined || (old.size === 0) !== (now.size === 0)) {
    if (isSameJson(before, after)) return noDifference
    return { changed: union(leaf, fieldsOf(after, shape)), removed: difference(fieldsOf(before, shape), leaf) }
  }
  const changed = new Map<string, FieldSet>()
  const removed = new Map<string, FieldSet>()
  for (const path of new Set([...old.keys(), ...now.keys()])) {
    const part = now.get(path) ?? old.get(path)
    if (part === undefined) continue
    const found = compare(old.get(path)?.value, now.get(path)?.value, part.shape)
    if (!isEmptySet(found.changed)) changed.set(path, found.changed)
    if (!isEmptySet(found.removed)) removed.set(path, found.removed)
  }
  return { changed: { isMember: false, inner: changed }, removed: { isMember: false, inner: removed } }
}

const withSelf = (fields: FieldSet): FieldSet => ({ ...fields, isMember: true })

/** As FieldsV1 has it. */
export const formatFields = (fields: FieldSet): JsonObject => {
  const inner = Object.fromEntries([...fields.inner].map(([path, set]) => [path, formatFields(set)]))
  return fields.isMember && fields.inner.size > 0 ? { '.': {}, ...inner } : inner
}

export const parseFields = (value: Json | undefined): FieldSet => {
  if (!isObject(value)) return emptySet
  const { '.': self, ...rest } = value
  const inner = new Map(Object.entries(rest).map(([path, set]) => [path, parseFields(set)]))
  return { isMember: self !== undefined || inner.size === 0, inner }
}

/** The paths as messages spell them: `.spec.ports[port=80].name`. */
export const formatPaths = (fields: FieldSet, prefix = ''): readonly string[] => {
  const own = fields.isMember && prefix !== '' ? [prefix] : []
  return [...own, ...[...fields.inner].flatMap(([path, set]) => formatPaths(set, prefix + formatElement(path)))]
}

const formatElement = (path: string): string => {
  const text = path.slice(2)
  if (path.startsWith('f:')) return `.${text}`
  if (path.startsWith('v:')) return `[=${text}]`
  // Written by `pathOfItem`: an object.
  const keys = JSON.parse(text) as JsonObject
  return `[${Object.entries(keys)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')}]`
}
