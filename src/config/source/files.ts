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
import { parseText, type Pieces, type RawObject } from './parse-text.ts'
import { watchFolders } from './watch-folders.ts'

/** All objects there are at one moment, and what could not be read. */
export interface RawSet {
  readonly objects: readonly RawObject[]
  readonly issues: readonly Issue[]
}

export interface FileSourceOptions {
  /** Files and folders. */
  readonly paths: readonly string[]
  /** Called with each complete set: once before `openFileSource` returns, then whenever the content changed. */
  readonly onSet: (set: RawSet) => void
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
interface KnownFile {
  readonly signature: string
  readonly text: string
  readonly objects: readonly RawObject[]
  readonly pieces: Pieces
  readonly issues: readonly Issue[]
  /** Not there at the last look: an editor that saves by renaming takes a file away for a moment. */
  readonly isMissing: boolean
}

const nothing: KnownFile = { signature: '', text: '', objects: [], pieces: new Map(), issues: [], isMissing: false }

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
export const openFileSource = (options: FileSourceOptions): FileSource => {
  const { paths, onSet, clock = systemClock, debounceMs = 50, pollMs = 5000 } = options
  const { settleMs = 40, maxFileBytes = defaultMaxFileBytes } = options
  let known: ReadonlyMap<string, KnownFile> = new Map()
  let listed: readonly Issue[] = []
  let isFirst = true
  const isUnsettled = createSettling(clock, settleMs)

  const refresh = (): void => {
    const listing = listFiles(paths)
    watch.follow(listing.folders)
    const current = new Map<string, KnownFile>()
    for (const file of listing.files) {
      const before = known.get(file.path)
      if (isFirst || !isUnsettled(file, before)) {
        current.set(file.path, readListed(file, before ?? nothing, maxFileBytes))
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
    const files = [...current.values()]
    onSet({
      objects: files.flatMap((file) => file.objects),
      issues: [...listing.issues, ...files.flatMap((file) => file.issues)],
    })
  }

  const watch = watchFolders({ clock, debounceMs, pollMs, onChange: refresh })
  refresh()
  return { refresh, close: watch.close }
}

/** Reads files and folders once, as `openFileSource` does at its first look, and watches nothing. */
export const readFileSet = (paths: readonly string[]): RawSet => {
  const listing = listFiles(paths)
  const files = listing.files.map((file) => readListed(file, nothing, defaultMaxFileBytes))
  return {
    objects: files.flatMap((file) => file.objects),
    issues: [...listing.issues, ...files.flatMap((file) => file.issues)],
  }
}

/** Tells whether a changed file may be in the hands of a writer still: half a file can be valid YAML, and so is none. */
const createSettling = (
  clock: Clock,
  settleMs: number,
): ((file: ListedFile, before: KnownFile | undefined) => boolean) => {
  const waitingSinceMs = new Map<string, number>()
  return (file, before) => {
    const nowMs = clock.nowMs()
    const isEmptied = file.sizeBytes === 0 && before !== undefined && before.objects.length > 0
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

const readListed = (file: ListedFile, before: KnownFile, maxFileBytes: number): KnownFile => {
  if (file.signature === before.signature) return before
  const { signature } = file
  const refuse = (message: string): KnownFile => ({
    ...before,
    signature,
    text: '',
    issues: [issueOf(file, message)],
    isMissing: false,
  })
  if (file.sizeBytes > maxFileBytes) {
    return refuse(`file has ${file.sizeBytes} bytes, at most ${maxFileBytes} are read`)
  }
  try {
    const text = readFileSync(file.path, 'utf8')
    // An issue of the last look (permissions, size) is over once the file could be read, even with the same text.
    if (text === before.text && before.issues.length === 0 && before !== nothing) {
      return { ...before, signature, isMissing: false }
    }
    const parsed = parseText(file.path, text, before.pieces)
    if (!parsed.ok) return { ...before, signature, text, issues: parsed.issues, isMissing: false }
    return { signature, text, objects: parsed.objects, pieces: parsed.pieces, issues: [], isMissing: false }
  } catch (error) {
    return refuse(explainUnreadable(error))
  }
}

const isBelow = (path: string, folder: string | undefined): boolean =>
  folder !== undefined && (path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep))

const issueOf = (file: ListedFile, message: string): Issue => ({
  message,
  position: { file: file.path, line: 0, column: 0 },
})

const isUnchanged = (before: ReadonlyMap<string, KnownFile>, after: ReadonlyMap<string, KnownFile>): boolean =>
  before.size === after.size &&
  [...after].every(([path, file]) => {
    const old = before.get(path)
    return old !== undefined && old.objects === file.objects && isSameIssues(old.issues, file.issues)
  })

const isSameIssues = (a: readonly Issue[], b: readonly Issue[]): boolean =>
  a === b || JSON.stringify(a) === JSON.stringify(b)
