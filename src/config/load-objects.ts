import type { Issue, SourcePosition } from '../lib/decoded.ts'
import { formatPosition } from '../lib/format-issue.ts'
import { findChange, type ListChange } from '../lib/lists/find-change.ts'
import { compact } from '../lib/memory/compact.ts'
import { formatObject } from './format-object.ts'
import { readObject, type ReadObject } from './objects/read-object.ts'
import type { FoundObject } from './source/locate.ts'
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
export const createObjectLoading = (): ((found: readonly FoundObject<ReadObject>[]) => LoadedSet) => {
  let before: { readonly found: readonly FoundObject<ReadObject>[]; readonly loaded: LoadedSet } | undefined
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
  { come }: ListChange<FoundObject<ReadObject>>,
  found: readonly FoundObject<ReadObject>[],
): LoadedSet | undefined => {
  if (before.hasDuplicates || come.length > fewObjects) return undefined
  if (come.some((item) => isUsable(item) && found.some((other) => other !== item && isNamesake(other, item))))
    return undefined
  const hasIssues = before.issues.length > 0 || come.some(({ read }) => read.issues.length > 0)
  return {
    objects: found.every(isUsable) ? found : found.filter(isUsable),
    issues: hasIssues ? found.flatMap(placeIssues) : before.issues,
    hasDuplicates: false,
  }
}

/** How many may change so that to compare each with all others is less work than to look at all names. */
const fewObjects = 16

const isUsable = ({ read }: FoundObject<ReadObject>): boolean => read.ref !== undefined && read.state !== 'unrelated'

const isNamesake = (a: FoundObject<ReadObject>, b: FoundObject<ReadObject>): boolean => {
  const [left, right] = [a.read.ref, b.read.ref]
  return left?.name === right?.name && left?.kind === right?.kind && left?.namespace === right?.namespace && isUsable(a)
}

/** Takes of a complete set each object once: of two with one name the first in reading order. */
export const loadObjects = (found: readonly FoundObject<ReadObject>[]): LoadedSet => {
  const first = new Map<string, FoundObject<ReadObject>>()
  const objects: SourcedObject[] = []
  const issues: Issue[] = []
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
      issues.push(duplicate(key, item, other))
    }
  }
  return { objects: objects.length === found.length ? found : objects, issues, hasDuplicates }
}

const noIssues: readonly Issue[] = []

const placeIssues = (item: FoundObject<ReadObject>): readonly Issue[] =>
  item.read.issues.length === 0 ? noIssues : item.read.issues.map((issue) => placeIssue(issue, item))

const placeIssue = (issue: Issue, item: FoundObject<ReadObject>): Issue => {
  const { ref } = item.read
  const position = item.locate(issue.path ?? '')
  return {
    ...issue,
    ...(ref === undefined ? {} : { object: formatObject(ref) }),
    ...(position === undefined ? {} : { position }),
  }
}

const duplicate = (object: string, second: FoundObject<ReadObject>, first: FoundObject<ReadObject>): Issue => {
  const position = second.locate('metadata.name')
  return {
    message: `declared twice: the one at ${formatPlace(first.locate('metadata.name'), first.file)} is in force, this one is not`,
    path: 'metadata.name',
    object,
    ...(position === undefined ? {} : { position }),
  }
}

const formatPlace = (position: SourcePosition | undefined, file: string): string =>
  position === undefined ? file : formatPosition(position)
