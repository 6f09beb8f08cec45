/**
 * Where objects come from: files, watched, as a sequence of complete sets. What an object means, and half of a change,
 * must never leave this room. Everything here is synchronous, so that two looks never overlap: it belongs on a thread
 * of its own.
 */
import { readFileSync } from 'node:fs'
import { sep } from 'node:path'
import { systemClock, type Clock } from '../../lib/clock.ts'
import type { Issue } from '../../lib/decoded.ts'
import { explainUnreadable, listFiles, type ListedFile } from './list-files.ts'
import { createPlacing, type FoundObject, type PlaceItems } from './locate.ts'
import { parseText, type Item } from './parse-text.ts'
import { watchFolders } from './watch-folders.ts'

/** All objects there are at one moment, and what could not be read. */
export interface FileSet<T> {
  readonly objects: readonly FoundObject<T>[]
  readonly issues: readonly Issue[]
}

/** What is kept of an object, made of what was written. The same text gives the same `T` again, by identity. */
export type Decode<T> = (value: unknown) => T

export interface FileSourceOptions<T> {
  /** Files and folders. */
  readonly paths: readonly string[]
  readonly decode: Decode<T>
  /** Called with each complete set: once before `openFileSource` returns, then whenever the content changed. */
  readonly onSet: (set: FileSet<T>) => void
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Default 50. */
  readonly debounceMs?: number
  /** A known file that was written less than this ago is left alone for another look, at most for a second. Default 40. */
  readonly settleMs?: number
  /** Default 5000. */
  readonly pollMs?: number
  /** Larger files are refused. Default 64 MiB. */
  readonly maxFileBytes?: number
}

export interface FileSource {
  /** Looks for changes now. */
  readonly refresh: () => void
  readonly close: () => void
}

/** What is known of one file: its last good objects, and what is wrong with its present content. */
interface KnownFile<T> {
  readonly signature: string
  readonly items: readonly Item<T>[]
  readonly issues: readonly Issue[]
  /** Not there at the last look: an editor that saves by renaming takes a file away for a moment. */
  readonly isMissing: boolean
}

const noIssues: readonly Issue[] = []
const nothing: KnownFile<never> = { signature: '', items: [], issues: noIssues, isMissing: false }

const defaultMaxFileBytes = 64 * 1024 * 1024

/** A file that is written without a pause is read all the same. */
const maxSettleMs = 1000
/** `kubectl get … > routes.yaml` empties the file long before it fills it again. */
const emptiedMs = 2000

/**
 * Reads files and folders and keeps watching them. A file that cannot be read or parsed keeps its last good objects in
 * the set and gives an issue, and so does one that is being written; a file deleted from a folder takes its objects
 * along, once two looks have missed it; a path of `paths` itself that vanishes keeps them, for to serve nothing is
 * rarely what was meant; only changed documents are parsed again.
 */
export const openFileSource = <T extends object>(options: FileSourceOptions<T>): FileSource => {
  const { paths, onSet, clock = systemClock, debounceMs = 50, pollMs = 5000 } = options
  const { settleMs = 40, maxFileBytes = defaultMaxFileBytes } = options
  const read = createReading(options.decode, maxFileBytes)
  const place = createPlacing<T>()
  let known: ReadonlyMap<string, KnownFile<T>> = new Map()
  let listed: readonly Issue[] = []
  let isFirst = true
  const isUnsettled = createSettling(clock, settleMs)

  const refresh = (): void => {
    const listing = listFiles(paths)
    watch.follow(listing.folders)
    const current = new Map<string, KnownFile<T>>()
    for (const file of listing.files) {
      const before = known.get(file.path)
      if (isFirst || !isUnsettled(file, before)) {
        current.set(file.path, read(file, before ?? nothing))
      } else {
        if (before !== undefined) current.set(file.path, { ...before, isMissing: false })
        watch.lookAgain()
      }
    }
    for (const [path, file] of known) {
      if (current.has(path)) continue
      const isLost = listing.issues.some(({ position }) => isBelow(path, position?.file))
      if (!isLost && file.isMissing) continue
      current.set(path, { ...file, signature: '', isMissing: true })
      if (!isLost) watch.lookAgain()
    }
    const isSame = !isFirst && isUnchanged(known, current) && isSameIssues(listed, listing.issues)
    known = current
    listed = listing.issues
    isFirst = false
    if (isSame) return
    onSet(joinFiles(current, listing.issues, place))
  }

  const watch = watchFolders({ clock, debounceMs, pollMs, onChange: refresh })
  refresh()
  return { refresh, close: watch.close }
}

/** Reads files and folders once, as `openFileSource` does at its first look, and watches nothing. */
export const readFileSet = <T extends object>(paths: readonly string[], decode: Decode<T>): FileSet<T> => {
  const listing = listFiles(paths)
  const read = createReading(decode, defaultMaxFileBytes)
  const files = new Map(listing.files.map((file) => [file.path, read(file, nothing)]))
  return joinFiles(files, listing.issues, createPlacing<T>())
}

const joinFiles = <T>(
  files: ReadonlyMap<string, KnownFile<T>>,
  issues: readonly Issue[],
  place: PlaceItems<T>,
): FileSet<T> => ({
  objects: [...files].flatMap(([path, { items }]) => place(path, items)),
  issues: [...issues, ...[...files.values()].flatMap((file) => file.issues)],
})

/** Tells whether a changed file may be in the hands of a writer still: half a file can be valid YAML, and so is none. */
const createSettling = (
  clock: Clock,
  settleMs: number,
): ((file: ListedFile, before: KnownFile<unknown> | undefined) => boolean) => {
  const waitingSinceMs = new Map<string, number>()
  return (file, before) => {
    const nowMs = clock.nowMs()
    const isEmptied = file.sizeBytes === 0 && before !== undefined && before.items.length > 0
    const ageMs = nowMs - file.modifiedMs
    const sinceMs = waitingSinceMs.get(file.path) ?? nowMs
    const isYoung =
      file.signature !== before?.signature &&
      Math.max(ageMs, 0) < (isEmptied ? emptiedMs : settleMs) &&
      // A file system whose clock is ahead would make us wait for nothing.
      ageMs > -maxSettleMs &&
      nowMs - sinceMs < (isEmptied ? emptiedMs : maxSettleMs)
    if (isYoung) waitingSinceMs.set(file.path, sinceMs)
    else waitingSinceMs.delete(file.path)
    return isYoung
  }
}

type ReadListed<T> = (file: ListedFile, before: KnownFile<T>) => KnownFile<T>

const createReading =
  <T>(decode: Decode<T>, maxFileBytes: number): ReadListed<T> =>
  (file, before) => {
    const { signature } = file
    if (signature === before.signature) return before
    const known = before.items
    const refuse = (issues: readonly Issue[]): KnownFile<T> => ({ signature, items: known, issues, isMissing: false })
    if (file.sizeBytes > maxFileBytes) {
      return refuse(issueOf(file, `file has ${file.sizeBytes} bytes, at most ${maxFileBytes} are read`))
    }
    try {
      const parsed = parseText(file.path, readFileSync(file.path, 'utf8'), { decode, known })
      if (!parsed.ok) return refuse(parsed.issues)
      const { items } = parsed
      const isSame = items.length === known.length && items.every((item, index) => item === known[index])
      return { signature, items: isSame ? known : items, issues: noIssues, isMissing: false }
    } catch (error) {
      return refuse(issueOf(file, explainUnreadable(error)))
    }
  }

const isBelow = (path: string, folder: string | undefined): boolean =>
  folder !== undefined && (path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep))

const issueOf = (file: ListedFile, message: string): readonly Issue[] => [
  { message, position: { file: file.path, line: 0, column: 0 } },
]

const isUnchanged = (
  before: ReadonlyMap<string, KnownFile<unknown>>,
  after: ReadonlyMap<string, KnownFile<unknown>>,
): boolean =>
  before.size === after.size &&
  [...after].every(([path, file]) => {
    const old = before.get(path)
    return old !== undefined && old.items === file.items && isSameIssues(old.issues, file.issues)
  })

const isSameIssues = (a: readonly Issue[], b: readonly Issue[]): boolean =>
  a === b || JSON.stringify(a) === JSON.stringify(b)
