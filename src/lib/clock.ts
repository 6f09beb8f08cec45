// The global one is an accessor, which is asked each time.
import { performance } from 'node:perf_hooks'

/** Time as a collaborator, so that whatever waits or measures can be tested with a fake one. */
export interface Clock {
  /** Milliseconds since the Unix epoch (`Date.now`). */
  readonly nowMs: () => number
  /** A monotonic reading in milliseconds with a fractional part (`performance.now`). */
  readonly monotonicMs: () => number
  /**
   * What `nowMs` was at a monotonic reading of just now, to a millisecond. Node asks the machine for the time of day by way of V8's
   * C++; this does it once a second, so that each request can be told when it began.
   */
  readonly epochOf: (monotonicMs: number) => number
  /** Calls `run` once after `delayMs`, and never before; the result cancels it. Timers never keep the process alive. */
  readonly after: (delayMs: number, run: () => void) => () => void
}

/** For how long the difference of the two clocks is taken as it was: somebody may set one of them. */
const COMPARED_FOR_MS = 1000

/** `Clock.epochOf` for a machine with these two clocks. */
export const compareClocks = (readNow: () => number, readMonotonic: () => number): Clock['epochOf'] => {
  let comparedAtMs = -Infinity
  let apartMs = 0
  return (readMs) => {
    if (readMs - comparedAtMs >= COMPARED_FOR_MS) {
      comparedAtMs = readMonotonic()
      apartMs = readNow() - comparedAtMs
    }
    return Math.round(readMs + apartMs)
  }
}

const nowMs = (): number => Date.now()
const monotonicMs = (): number => performance.now()

/** What Node can wait in one go (24.8 days); of anything longer it makes a millisecond. */
export const LONGEST_WAIT_MS = 2 ** 31 - 1

/** The clock of the machine. */
export const systemClock: Clock = {
  nowMs,
  monotonicMs,
  epochOf: compareClocks(nowMs, monotonicMs),
  after: (delayMs, run) => {
    const dueMs = performance.now() + delayMs
    // Node counts whole milliseconds from when the loop last looked at the clock: what was done since makes it early.
    const wait = (ms: number): NodeJS.Timeout =>
      setTimeout(
        () => {
          const leftMs = dueMs - performance.now()
          if (leftMs > 0) timer = wait(leftMs)
          else run()
        },
        Math.min(Math.ceil(ms), LONGEST_WAIT_MS),
      ).unref()
    let timer = wait(delayMs)
    return () => clearTimeout(timer)
  },
}
