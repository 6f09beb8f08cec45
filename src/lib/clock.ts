/** Time as a collaborator, so that whatever waits or measures can be tested with a fake one. */
export interface Clock {
  /** Milliseconds since the Unix epoch (`Date.now`). */
  readonly nowMs: () => number
  /** A monotonic reading in milliseconds with a fractional part (`performance.now`). */
  readonly monotonicMs: () => number
  /** Calls `run` once after `delayMs`, and never before; the result cancels it. Timers never keep the process alive. */
  readonly after: (delayMs: number, run: () => void) => () => void
}

/** The clock of the machine. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const dueMs = performance.now() + delayMs
    // Node counts whole milliseconds from when the loop last looked at the clock: what was done since makes it early.
    const wait = (ms: number): NodeJS.Timeout =>
      setTimeout(() => {
        const leftMs = dueMs - performance.now()
        if (leftMs > 0) timer = wait(leftMs)
        else run()
      }, Math.ceil(ms)).unref()
    let timer = wait(delayMs)
    return () => clearTimeout(timer)
  },
}
