/**
 * Where objects come from: files and folders, watched, as a sequence of complete sets. What objects mean must never
 * enter, and no partial update leaves: each set holds the last good version of every file.
 */
import { watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import type { Issue } from '../../lib/decoded.ts'
import { parseFile } from './parse-file.ts'
import type { FileObject, ParsedDocument } from './parse-file.ts'

/** Everything that is there at one moment. */
export interface ObjectSet {
  readonly objects: readonly FileObject[]
  /** Files that could not be read; the objects of their last good version are in the set. */
  readonly issues: readonly Issue[]
}

export interface FileSourceOptions {
  /** Files and folders; folders are read with everything below them. */
  readonly paths: readonly string[]
  readonly clock: Clock
  readonly onSet: (set: ObjectSet) => void
}

interface KnownFile {
  text: string
  objects: readonly FileObject[]
  issues: readonly Issue[]
  readonly documents: Map<string, ParsedDocument>
}

const EXTENSIONS = new Set(['.yaml', '.yml', '.json'])
const MAX_FILE_BYTES = 64 * 1024 * 1024
/** Editors and ConfigMap mounts change several things at once; wait for the last one. */
const SETTLE_MS = 100
/** Network file systems report no change, and a watch may be lost: look in any case. */
const POLL_MS = 5000

/** Reads files, and reads them again when they change. */
export class FileSource {
  readonly #options: FileSourceOptions
  readonly #known = new Map<string, KnownFile>()
  readonly #watchers: FSWatcher[] = []
  #cancelSettle: () => void = () => {}
  #cancelPoll: () => void = () => {}
  #reading: Promise<unknown> = Promise.resolve()
  #pathIssues: readonly Issue[] = []
  #isClosed = false

  constructor(options: FileSourceOptions) {
    this.#options = options
  }

  /** The first set; later ones go to `onSet`. */
  async start(): Promise<ObjectSet> {
    for (const root of this.#options.paths) this.#watch(root)
    await this.#read()
    this.#poll()
    return this.#set()
  }

  close(): void {
    this.#isClosed = true
    this.#cancelSettle()
    this.#cancelPoll()
    for (const watcher of this.#watchers) watcher.close()
  }

  #watch(root: string): void {
    try {
      // A file is watched through its folder: an editor that saves by renaming puts another file in its place.
      const isFolder = EXTENSIONS.has(path.extname(root)) ? path.dirname(root) : root
      const watcher = watch(isFolder, { recursive: isFolder === root, persistent: false }, () => this.#noteChange())
      watcher.on('error', () => watcher.close())
      this.#watchers.push(watcher)
    } catch {
      // The poll finds what cannot be watched.
    }
  }

  #noteChange(): void {
    this.#cancelSettle()
    if (!this.#isClosed) this.#cancelSettle = this.#options.clock.after(SETTLE_MS, () => this.#refresh())
  }

  #poll(): void {
    if (this.#isClosed) return
    this.#cancelPoll = this.#options.clock.after(POLL_MS, () => {
      this.#refresh()
      this.#poll()
    })
  }

  #refresh(): void {
    this.#reading = this.#reading.then(async () => {
      const hasChanged = await this.#read()
      if (hasChanged && !this.#isClosed) this.#options.onSet(this.#set())
    })
  }

  /** Brings `#known` up to date; true when anything differs. */
  async #read(): Promise<boolean> {
    const issues: Issue[] = []
    const files = new Set<string>()
    for (const root of this.#options.paths) for (const file of await listFiles(root, issues)) files.add(file)
    let hasChanged = JSON.stringify(issues) !== JSON.stringify(this.#pathIssues)
    // A root that cannot be listed keeps what was read from it before.
    const lostRoots = this.#options.paths.filter((root) => issues.some((issue) => issue.position?.file === root))
    for (const file of this.#known.keys()) {
      if (files.has(file) || lostRoots.some((root) => file === root || file.startsWith(`${root}/`))) continue
      this.#known.delete(file)
      hasChanged = true
    }
    for (const file of files) if (await this.#readFile(file)) hasChanged = true
    this.#pathIssues = issues
    return hasChanged
  }

  async #readFile(file: string): Promise<boolean> {
    const known = this.#known.get(file) ?? { text: '', objects: [], issues: [], documents: new Map() }
    const isNew = !this.#known.has(file)
    const read = await readText(file)
    if ('issue' in read) {
      const isTold = known.issues[0]?.message === read.issue.message
      known.issues = [read.issue]
      known.text = ''
      this.#known.set(file, known)
      return !isTold
    }
    if (!isNew && known.text === read.text) return false
    const parsed = parseFile(file, read.text, known.documents)
    known.text = read.text
    known.issues = parsed.ok ? [] : parsed.issues
    if (parsed.ok) known.objects = parsed.objects
    this.#known.set(file, known)
    return true
  }

  #set(): ObjectSet {
    const files = [...this.#known].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file)
    return {
      objects: files.flatMap((file) => file.objects),
      issues: [...this.#pathIssues, ...files.flatMap((file) => file.issues)],
    }
  }
}

const listFiles = async (root: string, issues: Issue[]): Promise<readonly string[]> => {
  try {
    // A mounted ConfigMap is a chain of links that is swapped as a whole.
    const info = await stat(root)
    if (!info.isDirectory()) return [root]
    const entries = await readdir(root, { recursive: true, withFileTypes: true })
    const files = entries
      .filter((entry) => !entry.isDirectory() && EXTENSIONS.has(path.extname(entry.name)))
      .map((entry) => path.join(entry.parentPath, entry.name))
      // Kubernetes keeps the versions of a mount in folders that begin with two dots; the links beside them are what counts.
      .filter(
        (file) =>
          !path
            .relative(root, file)
            .split(path.sep)
            .some((part) => part.startsWith('..')),
      )
    return await withoutDuplicates(files)
  } catch (error) {
    issues.push({ message: `cannot read: ${describe(error)}`, position: { file: root, line: 1, column: 1 } })
    return []
  }
}

const withoutDuplicates = async (files: readonly string[]): Promise<readonly string[]> => {
  const byTarget = new Map<string, string>()
  for (const file of files) {
    const target = await realpath(file).catch(() => undefined)
    if (target !== undefined && !byTarget.has(target)) byTarget.set(target, file)
  }
  return [...byTarget.values()]
}

const readText = async (file: string): Promise<{ readonly text: string } | { readonly issue: Issue }> => {
  const position = { file, line: 1, column: 1 }
  try {
    const info = await stat(file)
    if (info.size > MAX_FILE_BYTES) {
      const message = `the file has ${info.size} bytes, the limit is ${MAX_FILE_BYTES}: split it`
      return { issue: { message, position } }
    }
    return { text: await readFile(file, 'utf8') }
  } catch (error) {
    return { issue: { message: `cannot read: ${describe(error)}`, position } }
  }
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error))
