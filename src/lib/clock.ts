/** Time as a collaborator, so that whatever waits or measures can be tested with a fake one. */
export interface Clock {
  /** Milliseconds since the Unix epoch (`Date.now`). */
  readonly nowMs: () => number
  /** A monotonic reading in milliseconds with a fractional part (`performance.now`). */
  readonly monotonicMs: () => number
  /** Calls `run` once after `delayMs`; the result cancels it. Timers never keep the process alive. */
  readonly after: (delayMs: number, run: () => void) => () => void
}

/** The clock of the machine. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
