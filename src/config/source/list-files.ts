import { lstatSync, readdirSync, realpathSync, statSync, type Stats } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import type { Issue } from '../../lib/decoded.ts'
import { errorCode } from '../../lib/errors/error-code.ts'

/** What shows that a file or folder was written, replaced or swapped by a symbolic link. */
export interface Stamp {
  readonly device: number
  readonly inode: number
  readonly sizeBytes: number
  /** When it was last written, since the Unix epoch, by the clock of the file system. */
  readonly modifiedMs: number
  /** The same for what is known of it: its name, its rights. */
  readonly changedMs: number
}

/** A file to read. */
export interface ListedFile extends Stamp {
  /** As the user wrote it, or below that. */
  readonly path: string
  /** It was found in a folder, and is no link: what is told of its name is told of it. */
  readonly isPlain: boolean
}

export interface Listing {
  readonly files: readonly ListedFile[]
  /** Where changes show: the folders of all files, links resolved as well. */
  readonly folders: ReadonlySet<string>
  /** Of the folders whose entries were read, before that. */
  readonly stamps: ReadonlyMap<string, Stamp>
  /** All files are plain and nothing is amiss: what is told of a name is about the file of that name, or about none. */
  readonly isPlain: boolean
  /** Paths that could not be listed. */
  readonly issues: readonly Issue[]
}

/** What was found at a path when it was last looked at; a file that is as it was then is the very same object again. */
export type KnownListed = (path: string) => ListedFile | undefined

const extensions: ReadonlySet<string> = new Set(['.yaml', '.yml', '.json'])

/**
 * Finds the files behind paths of files and folders, recursively, in a fixed order, each once. In folders only .yaml,
 * .yml and .json count, and names that begin with a dot do not (editors' swap files, a ConfigMap volume's `..data`).
 */
export const listFiles = (paths: readonly string[], known: KnownListed = () => undefined): Listing => {
  const files = new Map<string, ListedFile>()
  const folders = new Set<string>()
  const stamps = new Map<string, Stamp>()
  const issues: Issue[] = []
  const visited = new Set<string>()
  let isAllPlain = true
  const walk = (path: string, inside?: string): void => {
    try {
      const real = inside ?? realpathSync(path)
      const stat = statSync(real)
      if (stat.isDirectory()) {
        // A link may lead back to a folder above it.
        if (visited.has(real)) return
        visited.add(real)
        folders.add(path)
        stamps.set(path, stampOf(stat))
        walkFolder(path, real)
      } else if (stat.isFile() && !files.has(real)) {
        const isPlain = inside !== undefined
        if (!isPlain) folders.add(dirname(path)).add(dirname(real))
        isAllPlain &&= isPlain
        files.set(real, listedAs(path, { stat, isPlain, before: known(path) }))
      }
    } catch (error) {
      // Gone between two looks is gone; only what the user named has to be there.
      if (isMissing(error) && !paths.includes(path)) return
      folders.add(dirname(path))
      issues.push({ message: explainUnreadable(error), position: { file: path, line: 0, column: 0 } })
    }
  }
  const walkFolder = (path: string, real: string): void => {
    const entries = readdirSync(path, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'))
    // With thousands of files `join` would take longer than the system.
    const [start, realStart] = [join(path, 'x').slice(0, -1), join(real, 'x').slice(0, -1)]
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const { name } = entry
      // Only a link stands elsewhere; to resolve each path is what takes longest.
      const isHere = entry.isFile() || entry.isDirectory()
      isAllPlain &&= isHere
      if (isWanted(path, name)) walk(start + name, isHere ? realStart + name : undefined)
    }
  }
  for (const path of paths) walk(path)
  return { files: [...files.values()], folders, stamps, isPlain: isAllPlain && issues.length === 0, issues }
}

/**
 * Looks only at paths that the system has told of: gives the files among them that changed, or `undefined` when it
 * takes a look at everything, since a file came or went, or a link may lead elsewhere now.
 */
export const listTold = (
  told: Iterable<string>,
  before: Pick<Listing, 'folders' | 'isPlain'>,
  known: KnownListed,
): readonly ListedFile[] | undefined => {
  if (!before.isPlain) return undefined
  const files: ListedFile[] = []
  try {
    for (const path of told) {
      const stat = lstatSync(path, { throwIfNoEntry: false })
      const file = known(path)
      if (file !== undefined && stat?.isFile() === true) {
        const now = listedAs(path, { stat, isPlain: true, before: file })
        if (now !== file) files.push(now)
      } else if (file !== undefined || mayBeListed(path, stat) || before.folders.has(path)) return undefined
    }
  } catch {
    return undefined
  }
  return files
}

/**
 * Looks at all files that are known, as `listTold` does, without reading the folders: it takes half the time of a whole
 * look and leaves nothing in memory. `undefined` when a folder was changed, or so shortly before it was read that its
 * times would not show it.
 */
export const listKnown = (
  paths: Iterable<string>,
  before: Pick<Listing, 'folders' | 'stamps' | 'isPlain'> & { readonly readAtMs: number },
  known: KnownListed,
): readonly ListedFile[] | undefined => {
  for (const [path, stamp] of before.stamps) {
    const isSettled = Math.max(stamp.modifiedMs, stamp.changedMs) < before.readAtMs - coarsestTimesMs
    if (!isSettled || !isAsItWas(path, stamp)) return undefined
  }
  return listTold(paths, before, known)
}

const isAsItWas = (path: string, stamp: Stamp): boolean => {
  try {
    return isStamp(stamp, statSync(path))
  } catch {
    return false
  }
}

/** Some file systems keep times in steps of two seconds. */
const coarsestTimesMs = 2000

/** Whether what was not listed may have to be now: editors write beside a file, under names that do not count. */
const mayBeListed = (path: string, stat: Stats | undefined): boolean =>
  stat !== undefined &&
  !basename(path).startsWith('.') &&
  (!stat.isFile() || extensions.has(extname(path).toLowerCase()))

const listedAs = (
  path: string,
  found: { readonly stat: Stats; readonly isPlain: boolean; readonly before: ListedFile | undefined },
): ListedFile => {
  const { stat, isPlain, before } = found
  if (before?.isPlain === isPlain && isStamp(before, stat)) return before
  return { path, isPlain, ...stampOf(stat) }
}

const stampOf = ({ dev, ino, size, mtimeMs, ctimeMs }: Stats): Stamp => ({
  device: dev,
  inode: ino,
  sizeBytes: size,
  modifiedMs: mtimeMs,
  changedMs: ctimeMs,
})

const isStamp = (stamp: Stamp, { dev, ino, size, mtimeMs, ctimeMs }: Stats): boolean =>
  stamp.changedMs === ctimeMs &&
  stamp.modifiedMs === mtimeMs &&
  stamp.sizeBytes === size &&
  stamp.inode === ino &&
  stamp.device === dev

const isWanted = (folder: string, name: string): boolean => {
  if (extensions.has(extname(name).toLowerCase())) return true
  return statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory() ?? false
}

const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')

/** What is said of a path where nothing is. */
export const MISSING = 'no such file or folder: check the path; expected a YAML or JSON file, or a folder of them'

/** Why a path cannot be read, and what to do; the system's own words for what is rare. */
export const explainUnreadable = (error: unknown): string => {
  switch (errorCode(error) ?? '') {
    case 'ENOENT':
    case 'ENOTDIR':
      return MISSING
    case 'EACCES':
    case 'EPERM':
      return 'permission denied: let the user that fairway runs as read it'
    case 'ELOOP':
      return 'its symbolic links go in a circle'
    default:
      return `cannot be read: ${error instanceof Error ? error.message : String(error)}`
  }
}
