import { readdirSync, readFileSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'

/** As Node names those in which V8 compiles and collects beside the others. */
const HELPER = 'node-V8Worker'
/** How much nicer they are than before: with one CPU for both, a thread that serves has nine parts of ten. */
const NICER = 10
const NICEST = 19

/**
 * Has V8's helpers give way to the threads that serve requests: what they compile can wait, and who waits for a request
 * cannot (docs/decisions/0061). Where that cannot be done they stay as they are.
 */
export const haveHelpersGiveWay = (setNiceness = setPriority, tasks = '/proc/self/task'): void => {
  for (const thread of threadsIn(tasks)) {
    try {
      if (readFileSync(`${tasks}/${thread}/comm`, 'utf8').trim() !== HELPER) continue
      setNiceness(thread, Math.min(NICEST, getPriority(thread) + NICER))
    } catch {
      // It has ended, or we may not.
    }
  }
}

const threadsIn = (tasks: string): readonly number[] => {
  try {
    return readdirSync(tasks).map(Number)
  } catch {
    return [] // Not Linux.
  }
}
