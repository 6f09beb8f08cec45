import type { Clock } from '../../lib/clock.ts'

/** Remembers what did not work, so that it is tried again later and less often, however much else changes meanwhile. */
export interface Attempts<T> {
  /** What came of the last try, while it is too early for another; `undefined`: try. */
  readonly held: (key: string) => T | undefined
  /** Notes a failure. */
  readonly fail: (key: string, outcome: T) => void
  readonly succeed: (key: string) => void
  /** In how many milliseconds the first of them is due; `undefined`: there are none. */
  readonly nextMs: () => number | undefined
}

interface Attempt<T> {
  readonly outcome: T
  readonly failures: number
  readonly dueMs: number
}

const FIRST_MS = 1000
const LAST_MS = 300_000
/** What is no longer tried by anybody. */
const FORGET_MS = 1_800_000

/** Makes one; waits double from a second up to five minutes. */
export const createAttempts = <T>(clock: Pick<Clock, 'monotonicMs'>): Attempts<T> => {
  const attempts = new Map<string, Attempt<T>>()
  return {
    held: (key) => {
      const attempt = attempts.get(key)
      return attempt !== undefined && clock.monotonicMs() < attempt.dueMs ? attempt.outcome : undefined
    },
    fail: (key, outcome) => {
      const failures = (attempts.get(key)?.failures ?? 0) + 1
      const waitMs = Math.min(FIRST_MS * 2 ** (failures - 1), LAST_MS)
      attempts.set(key, { outcome, failures, dueMs: clock.monotonicMs() + waitMs })
    },
    succeed: (key) => void attempts.delete(key),
    nextMs: () => {
      const nowMs = clock.monotonicMs()
      for (const [key, { dueMs }] of attempts) if (dueMs + FORGET_MS < nowMs) attempts.delete(key)
      const due = [...attempts.values()].map(({ dueMs }) => dueMs).filter((dueMs) => dueMs > nowMs)
      return due.length === 0 ? undefined : Math.min(...due) - nowMs
    },
  }
}
