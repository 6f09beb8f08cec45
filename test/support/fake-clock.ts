import type { Clock } from '../../src/lib/clock.ts'
import { arrivals } from './turns.ts'

/** A clock that stands still until it is told to move. */
export interface FakeClock extends Clock {
  /** Moves time forward and runs what falls due, in order. */
  readonly advance: (ms: number) => void
  /** Timers that are still to run. */
  readonly pending: () => number
}

const STEP_MS = 500
const HOPS_PER_STEP = 4

/** Starts at `startMs` since the epoch (default: a fixed day in 2025); the monotonic reading starts at 0. */
export const createFakeClock = (startMs = Date.UTC(2025, 0, 15)): FakeClock => {
  let elapsedMs = 0
  let timers: { readonly dueMs: number; readonly run: () => void }[] = []
  const advance = (ms: number): void => {
    const targetMs = elapsedMs + ms
    for (;;) {
      const [next] = timers.filter((timer) => timer.dueMs <= targetMs).toSorted((a, b) => a.dueMs - b.dueMs)
      if (next === undefined) break
      timers = timers.filter((timer) => timer !== next)
      elapsedMs = Math.max(elapsedMs, next.dueMs)
      next.run()
    }
    elapsedMs = targetMs
  }
  return {
    nowMs: () => startMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    epochOf: (monotonicMs) => startMs + monotonicMs,
    after: (delayMs, run) => {
      const timer = { dueMs: elapsedMs + delayMs, run }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    advance,
    pending: () => timers.length,
  }
}

/**
 * Moves time forward in steps between which what is on its way arrives, for what needs other parties to answer meanwhile. A
 * step lasts half a second unless `stepMs` says otherwise: shorter than whatever an answer has to come within.
 */
export const advanceInSteps = async (clock: FakeClock, ms: number, stepMs = STEP_MS): Promise<void> => {
  for (let at = 0; at < ms; at += stepMs) {
    clock.advance(Math.min(stepMs, ms - at))
    await arrivals(HOPS_PER_STEP)
  }
}
