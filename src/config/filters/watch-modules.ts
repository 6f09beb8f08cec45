import { realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { watchFolders } from '../source/watch-folders.ts'

/** Tells when files of filters may have changed. */
export interface ModuleWatch {
  /** Which files it is about, below the folder. */
  readonly follow: (files: readonly string[]) => void
  readonly close: () => void
}

/** A file that was written less than this ago may be in the hands of a writer still. */
const SETTLE_MS = 40
const LONGEST_MS = 1000

/** Watches the folder `root` and the folders of the files, links resolved as well: a ConfigMap is changed by a link. */
export const watchModules = (
  root: string,
  {
    clock,
    onChange,
    debounceMs = 20,
    pollMs = 5000,
  }: {
    readonly clock: Clock
    readonly onChange: () => void
    readonly debounceMs?: number
    readonly pollMs?: number
  },
): ModuleWatch => {
  let files: readonly string[] = []
  let unsettledSinceMs: number | undefined
  const folders = watchFolders({
    clock,
    debounceMs,
    pollMs,
    onChange: () => {
      const nowMs = clock.nowMs()
      unsettledSinceMs ??= nowMs
      if (nowMs - unsettledSinceMs < LONGEST_MS && files.some((file) => isYoung(join(root, file), nowMs))) {
        return folders.lookAgain()
      }
      unsettledSinceMs = undefined
      onChange()
    },
  })
  const follow: ModuleWatch['follow'] = (next) => {
    files = next
    folders.follow(new Set([root, ...next.flatMap((file) => foldersOf(join(root, file)))]))
  }
  follow([])
  return { follow, close: folders.close }
}

const isYoung = (path: string, nowMs: number): boolean => {
  const ageMs = nowMs - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity)
  return ageMs > -LONGEST_MS && ageMs < SETTLE_MS
}

const foldersOf = (path: string): readonly string[] => {
  try {
    return [dirname(path), dirname(realpathSync(path))]
  } catch {
    return [dirname(path)]
  }
}
