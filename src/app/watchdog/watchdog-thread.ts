/**
 * A thread that watches the loop of its process. Nothing that needs that loop may be used here: no console, no message
 * to the main thread. It tells the primary over a pipe, and ends the process.
 */
import { writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { BEATS, CALLS, HOOK, PENDING, SLOT, watchedHooks } from '../../filter/guard/hook-slots.ts'
import { readResidentBytes } from '../../lib/memory/resident.ts'
import { readMainStack } from './main-stack.ts'
import { encodeReport } from './report.ts'
import type { Blame, Report } from './report.ts'
import { ownersOfStack } from './stack-owner.ts'
import { LOOK_MS, StallWatch } from './stall.ts'
import type { WatchdogData, WatchedSlot } from './watchdog.ts'

/** What is used, of what the process may have, from which a hook that keeps running is taken to be filling the memory. */
const FULL = 0.85

// `startWatchdog` gives it.
const { cells, fd, memoryBytes } = workerData as WatchdogData
const watch = new StallWatch()
let filters: readonly WatchedSlot[] = []
let suspected = 0

parentPort?.on('message', (next: readonly WatchedSlot[] | WatchedSlot) => {
  filters = 'slot' in next ? [...filters.filter(({ slot }) => slot !== next.slot), next] : next
})

const tell = (report: Report): void => {
  try {
    writeSync(fd, encodeReport(report))
  } catch {
    // The primary is gone, and so is this process soon.
  }
}

const filterOf = (slot: number): WatchedSlot | undefined => filters.find((filter) => filter.slot === slot)

const condemn = (found: readonly WatchedSlot[], what: Pick<Blame, 'kind' | 'message' | 'location'>): void => {
  const named = found.map(({ id, version }) => ({ id, version }))
  tell({ kind: 'blame', blame: { filters: named, ...what } })
  process.kill(process.pid, 'SIGKILL')
}

const hookName = (): string => watchedHooks[cells[HOOK] ?? 0] ?? 'a hook'

const suspect = (slot: number): void => {
  const filter = filterOf(slot)
  if (filter === undefined) return
  if ((readResidentBytes() ?? 0) > memoryBytes * FULL) {
    const message = `the memory was nearly full, and ${hookName()} kept running`
    return condemn([filter], { kind: 'memory', message, ...entryOf(filter) })
  }
  if (slot !== suspected) tell({ kind: 'suspect', filter: { id: filter.id, version: filter.version } })
  suspected = slot
}

const entryOf = ({ code }: WatchedSlot): Pick<Blame, 'location'> => (code === undefined ? {} : { location: code.entry })

const judgeHook = async (slot: number): Promise<void> => {
  const filter = filterOf(slot)
  if (filter === undefined) return
  const message = `${hookName()} did not return within 1 s`
  const found = ownersOfStack(await readMainStack(), [filter])
  condemn([filter], {
    kind: 'loop',
    message,
    ...(found === undefined ? entryOf(filter) : { location: found.location }),
  })
}

/** What goes on is behind an `await`, in a timer, or not a filter's. */
const judgeSilence = async (): Promise<void> => {
  const found = ownersOfStack(await readMainStack(), filters)
  if (found !== undefined) {
    const message = 'the event loop stood still for 3 s in its code, outside of its hooks'
    return condemn(found.owners, { kind: 'loop', message, location: found.location })
  }
  const waiting = filters.filter(({ slot }) => (cells[PENDING + slot] ?? 0) > 0)
  const [first] = waiting
  if (first === undefined) return
  const message = 'the event loop stood still for 3 s while its promises were waited for'
  condemn(waiting, { kind: 'loop', message, ...(waiting.length === 1 ? entryOf(first) : {}) })
}

/** One judgement at a time, and what cannot be told is not asked again of the same silence. */
let judging: 'nothing' | 'something' | 'done' = 'nothing'
const judge = async (judgement: Promise<void>): Promise<void> => {
  judging = 'something'
  try {
    await judgement
  } finally {
    judging = 'done'
  }
}

const look = (): void => {
  const reading = { slot: cells[SLOT] ?? 0, calls: cells[CALLS] ?? 0, beats: cells[BEATS] ?? 0 }
  const stall = watch.look(reading, performance.now())
  if (judging === 'something') return
  switch (stall.kind) {
    case 'none':
      judging = 'nothing'
      if (suspected !== 0) tell({ kind: 'clear' })
      suspected = 0
      return
    case 'suspect':
      return suspect(stall.slot)
    case 'stuck':
      return void judge(judgeHook(stall.slot))
    case 'silent':
      return judging === 'done' ? undefined : void judge(judgeSilence())
    // Nobody can tell, and the process is of no use to anybody.
    case 'dead':
      condemn([], { kind: 'loop', message: 'the event loop stood still for 10 s' })
  }
}

setInterval(look, LOOK_MS)
