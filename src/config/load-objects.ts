import type { Issue, SourcePosition } from '../lib/decoded.ts'
import { formatPosition } from '../lib/format-issue.ts'
import { compact } from '../lib/memory/compact.ts'
import { formatObject } from './format-object.ts'
import { readObject, type ReadObject } from './objects/read-object.ts'
import type { FoundObject } from './source/locate.ts'
import type { SourcedObject } from './translate/options.ts'

/** The objects of a complete set, each once, and everything that is wrong with them. */
export interface LoadedSet {
  readonly objects: readonly SourcedObject[]
  readonly issues: readonly Issue[]
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

/** Takes of a complete set each object once: of two with one name the first in reading order. */
export const loadObjects = (found: readonly FoundObject<ReadObject>[]): LoadedSet => {
  const first = new Map<string, FoundObject<ReadObject>>()
  const objects: SourcedObject[] = []
  const issues: Issue[] = []
  for (const item of found) {
    const { value: read, locate } = item
    if (read.issues.length > 0) issues.push(...read.issues.map((issue) => placeIssue(issue, item)))
    if (read.ref === undefined || read.state === 'unrelated') continue
    const key = formatObject(read.ref)
    const other = first.get(key)
    if (other === undefined) {
      first.set(key, item)
      objects.push({ read, locate })
    } else {
      issues.push(duplicate(key, item, other))
    }
  }
  return { objects, issues }
}

const placeIssue = (issue: Issue, { value: { ref }, locate }: FoundObject<ReadObject>): Issue => {
  const position = locate(issue.path ?? '')
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
