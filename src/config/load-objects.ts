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
  const decoded = new WeakMap<object, Decoded>()
  const read = (value: unknown): Decoded => {
    if (typeof value !== 'object' || value === null) return decode(value)
    let known = decoded.get(value)
    if (known === undefined) {
      known = decode(value)
      decoded.set(value, known)
    }
    return known
  }
  return (raw) => {
    const first = new Map<string, RawObject>()
    const objects: SourcedObject[] = []
    const issues: Issue[] = []
    for (const item of raw) {
      const { result, key } = read(item.value)
      for (const issue of result.issues) issues.push(placeIssue(issue, result, item))
      if (key === undefined || result.state === 'unrelated') continue
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

interface Decoded {
  readonly result: ReadObject
  /** As messages call it, and as no other object is called; `undefined` when it has no name. */
  readonly key: string | undefined
}

const decode = (value: unknown): Decoded => {
  const result = readObject(value)
  return { result, key: result.ref === undefined ? undefined : formatObject(result.ref) }
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
