/**
 * Where objects come from: files, watched, as a sequence of complete sets. What an object means, and half of a change,
 * must never leave this room. Everything here is synchronous, so that two looks never overlap: it belongs on a thread
 * of its own.
 */
import { readFileSync } from 'node:fs'
import { sep } from 'node:path'
import { systemClock, type Clock } from '../../lib/clock.ts'
import type { Issue } from '../../lib/decoded.ts'
import { explainUnreadable, listFiles, listKnown, listTold, type ListedFile, type Listing } from './list-files.ts'
import { createPlacing, type FoundObject, type PlaceItems } from './locate.ts'
import { parseText } from './parse-text.ts'
import { createSettling } from './settling.ts'
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
  /** Called after each look, whatever it found. */
  readonly onLook?: () => void
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Default 20. */
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
  /** As it was when it was read; `undefined`: it is to be read again. */
  readonly listed: ListedFile | undefined
  readonly items: readonly FoundObject<T>[]
  readonly issues: readonly Issue[]
  /** Not there at the last look: an editor that saves by renaming takes a file away for a moment. */
  readonly isMissing: boolean
}

const noIssues: readonly Issue[] = []
const nothing: KnownFile<never> = { listed: undefined, items: [], issues: noIssues, isMissing: false }

const defaultMaxFileBytes = 64 * 1024 * 1024

/**
 * Reads files and folders and keeps watching them. A file that cannot be read or parsed keeps its last good objects in
 * the set and gives an issue, and so does one that is being written; a file deleted from a folder takes its objects
 * along, once two looks have missed it; a path of `paths` itself that vanishes keeps them, for to serve nothing is
 * rarely what was meant; only changed documents are parsed again.
 */
export const openFileSource = <T extends object>(options: FileSourceOptions<T>): FileSource => {
  const { paths, onSet, clock = systemClock, debounceMs = 20, pollMs = 5000, onLook = () => {} } = options
  const { settleMs = 40, maxFileBytes = defaultMaxFileBytes } = options
  const read = createReading({ decode: options.decode, place: createPlacing<T>(), maxFileBytes })
  const isUnsettled = createSettling(clock, settleMs)
  let known = new Map<string, KnownFile<T>>()
  let listing: Read = { folders: new Set(), stamps: new Map(), isPlain: false, issues: noIssues, readAtMs: 0 }
  let sinceAround = 0
  let isFirst = true
  const listedAt = (path: string): ListedFile | undefined => known.get(path)?.listed

  const lookAt = (file: ListedFile): KnownFile<T> | undefined => {
    const before = known.get(file.path)
    if (isFirst || !isUnsettled(file, before)) return read(file, before ?? nothing)
    watch.lookAgain(file.path)
    return before?.isMissing === true ? { ...before, isMissing: false } : before
  }
  const lookAround = (): boolean => {
    const readAtMs = clock.nowMs()
    const { files, ...now } = listFiles(paths, listedAt)
    sinceAround = 0
    watch.follow(now.folders)
    const current = new Map<string, KnownFile<T>>()
    for (const listed of files) {
      const file = lookAt(listed)
      if (file !== undefined) current.set(listed.path, file)
    }
    // New files that are being written, and missing ones, are known by another look around.
    let isPlain = now.isPlain && current.size === files.length
    for (const [path, file] of known) {
      if (current.has(path)) continue
      const isLost = now.issues.some(({ position }) => isBelow(path, position?.file))
      if (!isLost && file.isMissing) continue
      current.set(path, { ...file, listed: undefined, isMissing: true })
      isPlain = false
      if (!isLost) watch.lookAgain()
    }
    const isSame = isUnchanged(known, current) && isSameIssues(listing.issues, now.issues)
    known = current
    listing = { ...now, isPlain, readAtMs }
    return isSame
  }
  /** A change of a file among thousands is in force without a look at all the others. */
  const lookAtTold = (files: readonly ListedFile[]): boolean => {
    let isSame = true
    for (const listed of files) {
      const before = known.get(listed.path)
      const file = lookAt(listed)
      if (before === undefined || file === undefined) continue
      known.set(listed.path, file)
      isSame &&= isSameFile(before, file)
    }
    return isSame
  }
  /** Now and then all is looked at anyhow: not every file system has times to rely on. */
  const lookAtKnown = (): readonly ListedFile[] | undefined =>
    ++sinceAround < looksAround ? listKnown(known.keys(), listing, listedAt) : undefined
  const look = (told?: ReadonlySet<string>): void => {
    const files = told === undefined ? lookAtKnown() : listTold(told, listing, listedAt)
    const isSame = files === undefined ? lookAround() : lookAtTold(files)
    if (isFirst || !isSame) onSet(joinFiles(known, listing.issues))
    isFirst = false
    onLook()
  }

  const watch = watchFolders({ clock, debounceMs, pollMs, onChange: look })
  look()
  return { refresh: () => look(), close: watch.close }
}

/** A listing without its files, and when it was begun. */
interface Read extends Omit<Listing, 'files'> {
  readonly readAtMs: number
}

/** Once a minute. */
const looksAround = 12

/** Reads files and folders once, as `openFileSource` does at its first look, and watches nothing. */
export const readFileSet = <T extends object>(paths: readonly string[], decode: Decode<T>): FileSet<T> => {
  const listing = listFiles(paths)
  const read = createReading({ decode, place: createPlacing<T>(), maxFileBytes: defaultMaxFileBytes })
  const files = new Map(listing.files.map((file) => [file.path, read(file, nothing)]))
  return joinFiles(files, listing.issues)
}

/** There are thousands of files, most with one object and no issue. */
const joinFiles = <T>(files: ReadonlyMap<string, KnownFile<T>>, issues: readonly Issue[]): FileSet<T> => {
  const objects: FoundObject<T>[] = []
  const all = [...issues]
  files.forEach((file) => {
    file.items.forEach((item) => void objects.push(item))
    if (file.issues.length > 0) all.push(...file.issues)
  })
  // A list that grew has room for half as many again.
  return { objects: objects.slice(), issues: all }
}

type ReadListed<T> = (file: ListedFile, before: KnownFile<T>) => KnownFile<T>

interface ReadingOptions<T> {
  readonly decode: Decode<T>
  readonly place: PlaceItems<T>
  readonly maxFileBytes: number
}

const createReading =
  <T>({ decode, place, maxFileBytes }: ReadingOptions<T>): ReadListed<T> =>
  (file, before) => {
    if (file === before.listed) return before
    const known = before.items
    const refuse = (issues: readonly Issue[]): KnownFile<T> => ({
      listed: file,
      items: known,
      issues,
      isMissing: false,
    })
    if (file.sizeBytes > maxFileBytes) {
      return refuse(issueOf(file, `file has ${file.sizeBytes} bytes, at most ${maxFileBytes} are read`))
    }
    try {
      const parsed = parseText(file.path, readFileSync(file.path, 'utf8'), { decode, known })
      if (!parsed.ok) return refuse(parsed.issues)
      const items = place(file.path, parsed.items)
      const isSame = items.length === known.length && items.every((item, index) => item === known[index])
      return { listed: file, items: isSame ? known : items, issues: noIssues, isMissing: false }
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
): boolean => {
  if (before.size !== after.size) return false
  for (const [path, file] of after) {
    const old = before.get(path)
    if (old === undefined || !isSameFile(old, file)) return false
  }
  return true
}

const isSameFile = (a: KnownFile<unknown>, b: KnownFile<unknown>): boolean =>
  a === b || (a.items === b.items && isSameIssues(a.issues, b.issues))

const isSameIssues = (a: readonly Issue[], b: readonly Issue[]): boolean =>
  a === b || JSON.stringify(a) === JSON.stringify(b)
