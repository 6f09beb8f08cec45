import { writeSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { BEATS, SLOT } from '../../filter/guard/hook-slots.ts'
import type { HookSlots } from '../../filter/guard/hook-slots.ts'
import type { Logger } from '../../lib/log.ts'
import { encodeReport } from './report.ts'
import type { WatchedFilter } from './report.ts'
import type { WatchedCode } from './stack-owner.ts'
import { LOOK_MS } from './stall.ts'

/** A filter by its place in `HookSlots`. */
export interface WatchedSlot extends WatchedFilter {
  readonly slot: number
  readonly code: WatchedCode | undefined
}

/** What the thread begins with. */
export interface WatchdogData {
  readonly cells: Int32Array
  readonly fd: number
  /** What the process may use. */
  readonly memoryBytes: number
}

export interface Watchdog {
  /** One that is being made, and may not come to be among them. */
  readonly add: (filter: WatchedSlot) => void
  /** Which filters there are from now on. */
  readonly watch: (filters: readonly WatchedSlot[]) => void
  readonly close: () => void
}

export interface WatchdogOptions {
  readonly slots: HookSlots
  /** The pipe to the primary. */
  readonly fd: number
  readonly memoryBytes: number
  readonly log: Pick<Logger, 'warn'>
}

const THREAD = new URL('./watchdog-thread.ts', import.meta.url)

/**
 * Starts a thread that sees when a hook does not return, and ends this process then. Without it, should it not come to
 * be, everything else goes on.
 */
export const startWatchdog = ({ slots, fd, memoryBytes, log }: WatchdogOptions): Watchdog => {
  const { cells } = slots
  const data: WatchdogData = { cells, fd, memoryBytes }
  const thread = new Worker(THREAD, {
    workerData: data,
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 },
  })
  thread.on('error', (error) =>
    log.warn('the watchdog of filters has ended: one that loops would not be found', { error }),
  )
  thread.unref()
  const beat = setInterval(() => (cells[BEATS] = (cells[BEATS] ?? 0) + 1), LOOK_MS)
  beat.unref()
  let filters: readonly WatchedSlot[] = []
  // Filters may end the process as well, on purpose or not.
  const onExit = (): void => {
    const filter = filters.find(({ slot }) => slot === cells[SLOT])
    if (filter === undefined) return
    const named = [{ id: filter.id, version: filter.version }]
    writeSync(
      fd,
      encodeReport({ kind: 'blame', blame: { filters: named, kind: 'throw', message: 'its hook ended the process' } }),
    )
  }
  process.on('exit', onExit)
  return {
    watch: (next) => {
      filters = next
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      thread.postMessage(next)
    },
    add: (filter) => {
      filters = [...filters.filter(({ slot }) => slot !== filter.slot), filter]
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      thread.postMessage(filter)
    },
    close: () => {
      process.off('exit', onExit)
      clearInterval(beat)
      void thread.terminate()
    },
  }
}
