/**
 * A thread that watches the loop of its process. Nothing that needs that loop may be used here: no console, no message
 * to the main thread. It tells the primary over a pipe, and ends the process.
 */
import { writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { BEATS, CALLS, HOOK, PENDING, SLOT, watchedHooks } from '../../filter/guard/hook-slots.ts'
import { readResidentBytes } from '../../lib/memory/resident.ts'
import { encodeReport } from './report.ts'
import type { Blame, Report } from './report.ts'
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

const condemn = (found: readonly WatchedSlot[], { kind, message }: Pick<Blame, 'kind' | 'message'>): void => {
  const [first, ...others] = found
  // Nobody can ask a loop in which line it is.
  const place = others.length > 0 || first?.file === undefined ? {} : { location: first.file }
  const named = found.map(({ id, version }) => ({ id, version }))
  tell({ kind: 'blame', blame: { filters: named, kind, message, ...place } })
  process.kill(process.pid, 'SIGKILL')
}

const hookName = (): string => watchedHooks[cells[HOOK] ?? 0] ?? 'a hook'

const suspect = (slot: number): void => {
  const filter = filterOf(slot)
  if (filter === undefined) return
  if ((readResidentBytes() ?? 0) > memoryBytes * FULL) {
    return condemn([filter], { kind: 'memory', message: `the memory was nearly full, and ${hookName()} kept running` })
  }
  if (slot !== suspected) tell({ kind: 'suspect', filter: { id: filter.id, version: filter.version } })
  suspected = slot
}

const look = (): void => {
  const reading = { slot: cells[SLOT] ?? 0, calls: cells[CALLS] ?? 0, beats: cells[BEATS] ?? 0 }
  const stall = watch.look(reading, performance.now())
  if (stall.kind === 'none' && suspected !== 0) {
    suspected = 0
    tell({ kind: 'clear' })
  }
  if (stall.kind === 'suspect') return suspect(stall.slot)
  if (stall.kind === 'stuck') {
    const filter = filterOf(stall.slot)
    if (filter !== undefined) condemn([filter], { kind: 'loop', message: `${hookName()} did not return within 1 s` })
  }
  if (stall.kind === 'silent') {
    const waiting = filters.filter(({ slot }) => (cells[PENDING + slot] ?? 0) > 0)
    const message = 'the event loop stood still for 3 s while its promises were waited for'
    if (waiting.length > 0) condemn(waiting, { kind: 'loop', message })
  }
  // A timer of a filter, perhaps: nobody can tell, and the process is of no use to anybody.
  if (stall.kind === 'dead') condemn([], { kind: 'loop', message: 'the event loop stood still for 10 s' })
}

setInterval(look, LOOK_MS)
