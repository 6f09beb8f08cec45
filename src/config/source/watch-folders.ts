import { watch, type FSWatcher } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'

/** Tells of changes in a set of folders that may itself change. */
export interface FolderWatch {
  /** Calls `onChange` after the debounce time, as if a path had been told; without one as if anything might have changed. */
  readonly lookAgain: (path?: string) => void
  readonly follow: (folders: ReadonlySet<string>) => void
  readonly close: () => void
}

export interface FolderWatchOptions {
  readonly clock: Clock
  /** Changes that come closer together are one: an editor's save is three. */
  readonly debounceMs: number
  /** How often to look even though nothing was told: network file systems tell nothing. */
  readonly pollMs: number
  /** Gets the paths that were told, each a name in one of the folders; `undefined`: look at everything. */
  readonly onChange: (told: ReadonlySet<string> | undefined) => void
}

/** Watches folders by the system's notifications, and by looking now and then. */
export const watchFolders = ({ clock, debounceMs, pollMs, onChange }: FolderWatchOptions): FolderWatch => {
  const watchers = new Map<string, FSWatcher>()
  let cancelDebounce: (() => void) | undefined
  let cancelPoll = (): void => {}
  let told: Set<string> | undefined = new Set()
  const tell = (): void => {
    const those = told
    told = new Set()
    onChange(those)
  }
  const poll = (): void => {
    cancelPoll = clock.after(pollMs, () => {
      poll()
      told = undefined
      tell()
    })
  }
  const notice = (path?: string): void => {
    if (path === undefined) told = undefined
    else told?.add(path)
    // The first notice starts the wait and later ones do not prolong it: a file written all the time is read as well.
    cancelDebounce ??= clock.after(debounceMs, () => {
      cancelDebounce = undefined
      tell()
    })
  }
  const drop = (folder: string): void => {
    watchers.get(folder)?.close()
    watchers.delete(folder)
  }
  const add = (folder: string): void => {
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) =>
        notice(name === null ? undefined : join(folder, name)),
      )
      // A folder that is deleted ends its watcher; polling finds it when it comes back.
      watcher.on('error', () => drop(folder))
      watchers.set(folder, watcher)
    } catch {
      // No notification to be had (limits, file systems, folder gone): polling remains.
    }
  }
  poll()
  return {
    lookAgain: notice,
    follow: (folders) => {
      for (const folder of watchers.keys()) if (!folders.has(folder)) drop(folder)
      for (const folder of folders) if (!watchers.has(folder)) add(folder)
    },
    close: () => {
      cancelPoll()
      cancelDebounce?.()
      for (const folder of watchers.keys()) drop(folder)
    },
  }
}
