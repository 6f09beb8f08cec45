import { systemClock } from '../../lib/clock.ts'
import type { FilterObject } from '../objects/filter/filter-object.ts'
import type { FilterVersions } from '../translate/filter/filter-version.ts'
import { createFilterTrials } from './filter-trials.ts'
import { watchModules } from './watch-modules.ts'

/** Keeps what is known of Filters up to date with the objects and with their files. */
export interface FilterSettling {
  /**
   * Takes the Filters of the present set. False: they have to be tried first, and `onSettled` is called when they are, or
   * with what is known of them when that takes long.
   * True: what is known of them is what there is to know.
   */
  readonly take: (filters: readonly FilterObject[]) => boolean
  readonly close: () => void
}

/** Files that are written all the time are read again when they rest. */
const MOST_ROUNDS = 3

/** So long the rest of the configuration waits: trials of code that hangs, in many Filters, take far longer. */
const PATIENCE_MS = 5000

/** Starts to keep an eye on the folder `root`; `onSettled` gets each outcome. */
export const startSettling = (
  root: string,
  {
    onSettled,
    onFailure,
    patienceMs = PATIENCE_MS,
  }: {
    readonly onSettled: (versions: FilterVersions) => void
    readonly onFailure: (error: unknown) => void
    readonly patienceMs?: number
  },
): FilterSettling => {
  const trials = createFilterTrials(root)
  let wanted: readonly FilterObject[] = []
  let settled: readonly FilterObject[] | undefined
  let isSettling = false
  let isLate = false
  const goOn = (): void => {
    isLate = true
    onSettled(trials.known(wanted))
  }
  const settle = async (): Promise<void> => {
    isSettling = true
    // At the start there is nothing that could go on: nobody is served before all is tried.
    const cancel = settled === undefined ? undefined : systemClock.after(patienceMs, goOn)
    try {
      let versions: FilterVersions
      let those: readonly FilterObject[]
      let rounds = 0
      do {
        those = wanted
        versions = await trials.settle(those)
        watch.follow(trials.sources())
      } while (!isSame(those, wanted) || (trials.isStale() && ++rounds < MOST_ROUNDS))
      settled = those
      onSettled(versions)
    } catch (error) {
      onFailure(error)
    } finally {
      cancel?.()
      isLate = false
      isSettling = false
    }
  }
  const watch = watchModules(root, {
    clock: systemClock,
    onChange: () => {
      if (!isSettling && settled !== undefined && trials.isStale()) void settle()
    },
  })
  return {
    take: (filters) => {
      wanted = filters
      if (settled !== undefined && isSame(settled, filters)) return true
      if (!isSettling) void settle()
      if (isLate) goOn()
      return isLate
    },
    close: watch.close,
  }
}

const isSame = (a: readonly FilterObject[], b: readonly FilterObject[]): boolean =>
  a.length === b.length && a.every((filter, index) => filter === b[index])
