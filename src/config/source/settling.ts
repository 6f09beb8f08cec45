import type { Clock } from '../../lib/clock.ts'
import type { ListedFile } from './list-files.ts'

/** A file that is written without a pause is read all the same. */
const maxSettleMs = 1000
/** `kubectl get … > routes.yaml` empties the file long before it fills it again. */
const emptiedMs = 2000

/** What was read of a file before. */
export interface ReadBefore {
  readonly listed: ListedFile | undefined
  readonly items: readonly unknown[]
}

/** Tells whether a changed file may be in the hands of a writer still: half a file can be valid YAML, and so is none. */
export const createSettling = (
  clock: Clock,
  settleMs: number,
): ((file: ListedFile, before: ReadBefore | undefined) => boolean) => {
  const waitingSinceMs = new Map<string, number>()
  return (file, before) => {
    const nowMs = clock.nowMs()
    const isEmptied = file.sizeBytes === 0 && before !== undefined && before.items.length > 0
    const ageMs = nowMs - file.modifiedMs
    const sinceMs = waitingSinceMs.get(file.path) ?? nowMs
    const isYoung =
      file !== before?.listed &&
      Math.max(ageMs, 0) < (isEmptied ? emptiedMs : settleMs) &&
      // A file system whose clock is ahead would make us wait for nothing.
      ageMs > -maxSettleMs &&
      nowMs - sinceMs < (isEmptied ? emptiedMs : maxSettleMs)
    if (isYoung) waitingSinceMs.set(file.path, sinceMs)
    else waitingSinceMs.delete(file.path)
    return isYoung
  }
}
