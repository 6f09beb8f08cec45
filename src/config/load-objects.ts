import type { Issue, SourcePosition } from '../lib/decoded.ts'
import { formatPosition } from '../lib/format-issue.ts'
import { formatObject } from './format-object.ts'
import { readObject, type ReadObject } from './objects/read-object.ts'
import type { RawObject } from './source/parse-text.ts'
import type { SourcedObject } from './translate/options.ts'

/** The objects of a complete set, each once, and everything that is wrong with them. */
export interface LoadedSet {
  readonly objects: readonly SourcedObject[]
  readonly issues: readonly Issue[]
}

/**
 * Makes the step from raw to typed objects. It remembers what each value decoded to, so that an unchanged document
 * costs nothing. Of two objects with one name the first in reading order is taken.
 */
export const createObjectLoader = (): ((raw: readonly RawObject[]) => LoadedSet) => {
  const decoded = new WeakMap<object, ReadObject>()
  const read = (value: unknown): ReadObject => {
    if (typeof value !== 'object' || value === null) return readObject(value)
    const known = decoded.get(value) ?? readObject(value)
    decoded.set(value, known)
    return known
  }
  return (raw) => {
    const first = new Map<string, RawObject>()
    const objects: SourcedObject[] = []
    const issues: Issue[] = []
    for (const item of raw) {
      const result = read(item.value)
      for (const issue of result.issues) issues.push(placeIssue(issue, result, item))
      const { ref } = result
      if (ref === undefined || result.state === 'unrelated') continue
      const key = formatObject(ref)
      const other = first.get(key)
      if (other === undefined) {
        first.set(key, item)
        objects.push({ read: result, locate: item.locate })
      } else {
        issues.push(duplicate(key, item, other))
      }
    }
    return { objects, issues }
  }
}

const placeIssue = (issue: Issue, { ref }: ReadObject, { locate }: RawObject): Issue => {
  const position = locate(issue.path ?? '')
  return {
    ...issue,
    ...(ref === undefined ? {} : { object: formatObject(ref) }),
    ...(position === undefined ? {} : { position }),
  }
}

const duplicate = (object: string, second: RawObject, first: RawObject): Issue => {
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
