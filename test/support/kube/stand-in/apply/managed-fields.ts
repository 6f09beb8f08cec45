/** Who owns which fields of an object: `metadata.managedFields`, and server-side apply, which works by them. */
import { Failure } from '../failure.ts'
import { isSameJson, listAt, objectAt, textAt, withValue, type Json, type JsonObject } from '../json.ts'
import {
  compare,
  difference,
  emptySet,
  fieldsOf,
  formatFields,
  formatPaths,
  intersection,
  isEmptySet,
  parseFields,
  union,
  type FieldSet,
} from './field-set.ts'
import { merge, prune } from './merge.ts'
import type { Shape } from './shape.ts'

/** Who writes, and how. */
export interface Writer {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  /** Absent: the object itself. */
  readonly subresource?: string
}

export interface Kind {
  readonly shape: Shape
  /** Whether `status` can be written through the subresource only. */
  readonly hasStatus: boolean
}

interface Entry extends Writer {
  readonly time: string
  readonly fields: FieldSet
}

/** The object after a write that was no apply, with its owners brought up to date. */
export const trackUpdate = (
  before: JsonObject | undefined,
  after: JsonObject,
  { writer, kind, now }: { readonly writer: Writer; readonly kind: Kind; readonly now: string },
): JsonObject => {
  const found = compare(bare(before ?? {}), bare(after), kind.shape)
  const changed = strip(found.changed, writer, kind)
  const removed = strip(found.removed, writer, kind)
  const entries = readEntries(before)
  const own = entries.find((entry) => isSameWriter(entry, writer))
  const others = entries
    .filter((entry) => entry !== own)
    .map((entry) => withFields(entry, difference(difference(entry.fields, changed), removed)))
  const fields = difference(union(own?.fields ?? emptySet, changed), removed)
  const isSame = own !== undefined && isEmptySet(changed) && isEmptySet(removed)
  const mine: Entry = { ...writer, time: isSame ? own.time : now, fields }
  return writeEntries(after, [...others, mine])
}

export interface ApplyRequest {
  readonly writer: Writer
  readonly kind: Kind
  readonly force: boolean
  readonly now: string
}

/** The object after a server-side apply; throws the `Failure` of a conflict. */
export const applyConfiguration = (
  live: JsonObject | undefined,
  wanted: JsonObject,
  { writer, kind, force, now }: ApplyRequest,
): JsonObject => {
  const before = bare(live ?? {})
  const config = bare(wanted)
  const fields = strip(fieldsOf(config, kind.shape), writer, kind)
  const merged = asObject(merge(before, config, kind.shape))
  const { changed } = compare(before, merged, kind.shape)
  const entries = readEntries(live)
  const own = entries.find((entry) => isSameWriter(entry, writer))
  const others = entries.filter((entry) => entry !== own)
  const conflicts = others
    .map((entry) => ({ entry, fields: intersection(intersection(entry.fields, changed), fields) }))
    .filter((found) => !isEmptySet(found.fields))
  if (conflicts.length > 0 && !force) throw conflictFailure(conflicts)
  const left = others.map((entry) =>
    withFields(entry, difference(entry.fields, conflicts.find((found) => found.entry === entry)?.fields ?? emptySet)),
  )
  const kept = left.reduce((all, entry) => union(all, entry.fields), fields)
  const pruned = own === undefined ? merged : asObject(prune(merged, kind.shape, own.fields, kept) ?? {})
  const isSame = own !== undefined && isSameJson(formatFields(own.fields), formatFields(fields))
  return writeEntries(pruned, [...left, { ...writer, time: isSame ? own.time : now, fields }])
}

const asObject = (value: Json | undefined): JsonObject => objectAt({ value: value ?? {} }, 'value')

const conflictFailure = (conflicts: readonly { readonly entry: Entry; readonly fields: FieldSet }[]): Failure => {
  const causes = conflicts.flatMap(({ entry, fields }) =>
    formatPaths(fields).map((field) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${formatEntry(entry)}`,
      field,
    })),
  )
  const groups = conflicts.map(({ entry, fields }) => {
    const paths = formatPaths(fields)
    if (paths.length === 1) return `conflict with ${formatEntry(entry)}: ${paths.join('')}`
    return `conflicts with ${formatEntry(entry)}:\n${paths.map((path) => `- ${path}`).join('\n')}`
  })
  const count = `${causes.length} conflict${causes.length === 1 ? '' : 's'}`
  return new Failure(409, 'Conflict', `Apply failed with ${count}: ${groups.join('\n')}`, { causes })
}

const formatEntry = ({ manager, operation, subresource, apiVersion }: Entry): string => {
  const where = subresource === undefined ? '' : ` with subresource "${subresource}"`
  return `"${manager}"${where}${operation === 'Update' ? ` using ${apiVersion}` : ''}`
}

const isSameWriter = (a: Writer, b: Writer): boolean =>
  a.manager === b.manager &&
  a.operation === b.operation &&
  a.subresource === b.subresource &&
  (a.operation === 'Apply' || a.apiVersion === b.apiVersion)

const withFields = (entry: Entry, fields: FieldSet): Entry => ({ ...entry, fields })

/** What nobody owns, as the API server itself sees to it. */
const ownless = new Set([
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
  'generateName',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
])

/** Without what the writer could not write. */
const strip = (fields: FieldSet, { subresource }: Writer, { hasStatus }: Kind): FieldSet => {
  const inner = new Map(fields.inner)
  inner.delete('f:apiVersion')
  inner.delete('f:kind')
  if (subresource === undefined && hasStatus) inner.delete('f:status')
  if (subresource !== undefined) for (const path of inner.keys()) if (path !== `f:${subresource}`) inner.delete(path)
  const metadata = inner.get('f:metadata')
  if (metadata !== undefined) {
    const left = [...metadata.inner].filter(([path]) => !ownless.has(path.slice(2)))
    if (left.length === 0) inner.delete('f:metadata')
    else inner.set('f:metadata', { isMember: false, inner: new Map(left) })
  }
  return { isMember: false, inner }
}

const bare = (object: JsonObject): JsonObject => withValue(object, ['metadata', 'managedFields'], undefined)

const readEntries = (object: JsonObject | undefined): readonly Entry[] =>
  listAt(object, 'metadata', 'managedFields').map((entry) => ({
    manager: textAt(entry, 'manager'),
    operation: textAt(entry, 'operation') === 'Apply' ? 'Apply' : 'Update',
    apiVersion: textAt(entry, 'apiVersion'),
    time: textAt(entry, 'time'),
    fields: parseFields(objectAt(entry, 'fieldsV1')),
    ...(textAt(entry, 'subresource') === '' ? {} : { subresource: textAt(entry, 'subresource') }),
  }))

const writeEntries = (object: JsonObject, entries: readonly Entry[]): JsonObject => {
  const list = entries
    .filter(({ fields }) => !isEmptySet(fields))
    .map(({ manager, operation, apiVersion, time, fields, subresource }) => ({
      manager,
      operation,
      apiVersion,
      time,
      fieldsType: 'FieldsV1',
      fieldsV1: formatFields(fields),
      ...(subresource === undefined ? {} : { subresource }),
    }))
  return withValue(object, ['metadata', 'managedFields'], list.length === 0 ? undefined : list)
}
