import { readdirSync, realpathSync, statSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import type { Issue } from '../../lib/decoded.ts'
import { errorCode } from '../../lib/errors/error-code.ts'

/** A file to read, and what shows that it changed. */
export interface ListedFile {
  /** As the user wrote it, or below that. */
  readonly path: string
  readonly sizeBytes: number
  /** When it was last written, since the Unix epoch, by the clock of the file system. */
  readonly modifiedMs: number
  /** Different when the file was written, replaced or swapped by a symbolic link. */
  readonly signature: string
}

export interface Listing {
  readonly files: readonly ListedFile[]
  /** Where changes show: the folders of all files, links resolved as well. */
  readonly folders: ReadonlySet<string>
  /** Paths that could not be listed. */
  readonly issues: readonly Issue[]
}

const extensions: ReadonlySet<string> = new Set(['.yaml', '.yml', '.json'])

/**
 * Finds the files behind paths of files and folders, recursively, in a fixed order, each once. In folders only .yaml,
 * .yml and .json count, and names that begin with a dot do not (editors' swap files, a ConfigMap volume's `..data`).
 */
export const listFiles = (paths: readonly string[]): Listing => {
  const files = new Map<string, ListedFile>()
  const folders = new Set<string>()
  const issues: Issue[] = []
  const visited = new Set<string>()
  const walk = (path: string, known?: string): void => {
    try {
      const real = known ?? realpathSync(path)
      const stat = statSync(real)
      if (stat.isDirectory()) {
        // A link may lead back to a folder above it.
        if (visited.has(real)) return
        visited.add(real)
        folders.add(path)
        const entries = readdirSync(path, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'))
        for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
          // Only a link stands elsewhere; to resolve each path is what takes longest with thousands of files.
          const isHere = entry.isFile() || entry.isDirectory()
          const inside = isHere ? join(real, entry.name) : undefined
          if (isWanted(path, entry.name)) walk(join(path, entry.name), inside)
        }
      } else if (stat.isFile() && !files.has(real)) {
        folders.add(dirname(path))
        folders.add(dirname(real))
        const signature = `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`
        files.set(real, { path, sizeBytes: stat.size, modifiedMs: stat.mtimeMs, signature })
      }
    } catch (error) {
      // Gone between two looks is gone; only what the user named has to be there.
      if (isMissing(error) && !paths.includes(path)) return
      folders.add(dirname(path))
      issues.push({ message: explainUnreadable(error), position: { file: path, line: 0, column: 0 } })
    }
  }
  for (const path of paths) walk(path)
  return { files: [...files.values()], folders, issues }
}

const isWanted = (folder: string, name: string): boolean => {
  if (extensions.has(extname(name).toLowerCase())) return true
  return statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory() ?? false
}

const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')

/** Why a path cannot be read, and what to do; the system's own words for what is rare. */
export const explainUnreadable = (error: unknown): string => {
  switch (errorCode(error) ?? '') {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'no such file or folder: check the path; expected a YAML or JSON file, or a folder of them'
    case 'EACCES':
    case 'EPERM':
      return 'permission denied: let the user that fairway runs as read it'
    case 'ELOOP':
      return 'its symbolic links go in a circle'
    default:
      return `cannot be read: ${error instanceof Error ? error.message : String(error)}`
  }
}
