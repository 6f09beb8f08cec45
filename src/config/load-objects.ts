import type { Issue, SourcePosition } from '../lib/decoded.ts'
import { formatPosition } from '../lib/format-issue.ts'
import { isEqual } from '../lib/is-equal.ts'
import { findChange, type ListChange } from '../lib/lists/find-change.ts'
import { compact } from '../lib/memory/compact.ts'
import { formatObject } from './format-object.ts'
import { readDryRun } from './objects/authorization-policy/dry-run.ts'
import { readObject, type ReadObject } from './objects/read-object.ts'
import type { SetObject } from './source/object-set.ts'
import type { SourcedObject } from './translate/options.ts'

/** The objects of a complete set, each once, and everything that is wrong with them. */
export interface LoadedSet {
  readonly objects: readonly SourcedObject[]
  readonly issues: readonly Issue[]
  /** Whether a name was there twice. */
  readonly hasDuplicates: boolean
}

/**
 * Makes what decodes objects to be kept: in a form that takes little memory, most of it shared with the one of the same
 * kind that came before.
 */
export const createObjectReader = (): ((value: unknown) => ReadObject) => {
  const last = new Map<string, ReadObject>()
  return (value) => {
    const read = readObject(value)
    const kind = read.ref?.kind ?? ''
    const kept = compact(read, last.get(kind))
    last.set(kind, kept)
    return kept
  }
}

/**
 * Makes a `loadObjects` that remembers: where a few objects changed and no name was ever there twice, the names of all the
 * others need not be looked at.
 */
export const createObjectLoading = (): ((found: readonly SetObject<ReadObject>[]) => LoadedSet) => {
  let before: { readonly found: readonly SetObject<ReadObject>[]; readonly loaded: LoadedSet } | undefined
  return (found) => {
    const loaded =
      (before === undefined ? undefined : changeObjects(before.loaded, findChange(before.found, found), found)) ??
      loadObjects(found)
    before = { found, loaded }
    return loaded
  }
}

/** `undefined` when there may be two objects of one name. */
const changeObjects = (
  before: LoadedSet,
  { gone, come }: ListChange<SetObject<ReadObject>>,
  found: readonly SetObject<ReadObject>[],
): LoadedSet | undefined => {
  if (before.hasDuplicates) return undefined
  // What takes the place of its like has a name that nobody else had.
  const freed = new Set(gone.filter(isUsable).flatMap(nameOf))
  const named = come.filter(isUsable)
  const added = named.filter((item) => !nameOf(item).some((name) => freed.delete(name)))
  if (added.length > fewObjects) return undefined
  if (added.some((item) => found.some((other) => other !== item && isNamesake(other, item)))) return undefined
  const hasIssues = before.issues.length > 0 || come.some(({ read }) => read.issues.length > 0)
  return {
    objects: found.every(isUsable) ? found : found.filter(isUsable),
    issues: hasIssues ? found.flatMap(placeIssues) : before.issues,
    hasDuplicates: false,
  }
}

const nameOf = ({ read }: SetObject<ReadObject>): readonly string[] =>
  read.ref === undefined ? [] : [formatObject(read.ref)]

/** How many may be new so that to compare each with all others is less work than to look at all names. */
const fewObjects = 16

const isUsable = (item: SetObject<ReadObject>): boolean =>
  item.brief !== undefined || (item.read.ref !== undefined && item.read.state !== 'unrelated')

const isNamesake = (a: SetObject<ReadObject>, b: SetObject<ReadObject>): boolean => {
  const right = b.read.ref
  if (a.brief !== undefined && (a.brief.kind !== right?.kind || !a.brief.mentions(right.name))) return false
  const left = a.read.ref
  return left?.name === right?.name && left?.kind === right?.kind && left?.namespace === right?.namespace && isUsable(a)
}

/**
 * Takes of a complete set each object once: of two with one name the first in reading order. Security policies of one name
 * that differ are taken all, to close what they are about: to pass over one would let through what it refuses.
 */
export const loadObjects = (found: readonly SetObject<ReadObject>[]): LoadedSet => {
  const first = new Map<string, SetObject<ReadObject>>()
  const objects: SourcedObject[] = []
  const issues: Issue[] = []
  const contested = new Set<string>()
  let hasDuplicates = false
  for (const item of found) {
    issues.push(...placeIssues(item))
    const { ref } = item.read
    if (ref === undefined || !isUsable(item)) continue
    const key = formatObject(ref)
    const other = first.get(key)
    if (other === undefined) {
      first.set(key, item)
      objects.push(item)
    } else {
      hasDuplicates = true
      const isContested = isPolicy(item) && isPolicy(other) && !isEqual(meaningOf(item.read), meaningOf(other.read))
      if (isContested) {
        contested.add(key)
        objects.push(item)
      }
      issues.push(duplicate(key, { second: item, first: other, isContested }))
    }
  }
  if (contested.size > 0)
    return { objects: objects.map((object) => closeContested(object, contested)), issues, hasDuplicates }
  return { objects: objects.length === found.length ? found : objects, issues, hasDuplicates }
}

type TypedObject = Extract<ReadObject, { readonly state: 'typed' }>
type PolicyObject = Extract<TypedObject['object'], { readonly kind: 'AuthorizationPolicy' | 'RequestAuthentication' }>
type ReadPolicy = TypedObject & { readonly object: PolicyObject }

const isPolicy = <T extends SourcedObject>(item: T): item is T & { readonly read: ReadPolicy } =>
  item.read.state === 'typed' &&
  (item.read.object.kind === 'AuthorizationPolicy' || item.read.object.kind === 'RequestAuthentication')

/** A copy out of a cluster has labels and dates of its own, and means the same. */
const meaningOf = ({ object: { metadata, ...spec } }: ReadPolicy): unknown => [spec, readDryRun(metadata)]

const closeContested = (item: SourcedObject, contested: ReadonlySet<string>): SourcedObject => {
  if (!isPolicy(item) || !contested.has(formatObject(item.read.ref))) return item
  const { read } = item
  const found = read.ref.name
  const defect: Issue = { message: 'declared twice', path: 'metadata.name', found, expected: 'one policy of a name' }
  const object: PolicyObject = { ...read.object, defects: [...read.object.defects, defect] }
  return { read: { ...read, object }, locate: (path) => item.locate(path) }
}

const noIssues: readonly Issue[] = []

const placeIssues = (item: SetObject<ReadObject>): readonly Issue[] =>
  item.brief !== undefined || item.read.issues.length === 0
    ? noIssues
    : item.read.issues.map((issue) => placeIssue(issue, item))

const placeIssue = (issue: Issue, item: SetObject<ReadObject>): Issue => {
  const { ref } = item.read
  const position = item.locate(issue.path ?? '')
  return {
    ...issue,
    ...(ref === undefined ? {} : { object: formatObject(ref) }),
    ...(position === undefined ? {} : { position }),
  }
}

interface Duplicate {
  readonly second: SetObject<ReadObject>
  readonly first: SetObject<ReadObject>
  /** They are security policies, and not the same. */
  readonly isContested: boolean
}

const duplicate = (object: string, { second, first, isContested }: Duplicate): Issue => {
  const position = second.locate('metadata.name')
  const place = formatPlace(first.locate('metadata.name'), first.file)
  return {
    message: isContested
      ? `declared twice: the one at ${place} is another, so that neither is carried out, and what they are about is closed`
      : `declared twice: the one at ${place} is in force, this one is not`,
    path: 'metadata.name',
    object,
    ...(position === undefined ? {} : { position }),
  }
}

const formatPlace = (position: SourcePosition | undefined, file: string): string =>
  position === undefined ? file : formatPosition(position)
