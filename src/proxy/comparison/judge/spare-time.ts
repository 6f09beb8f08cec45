import type { Clock } from '../../../lib/clock.ts'

/** Of the time of this process, what comparing may take: one part in ten. */
const REST_PER_WORK = 9
/** As long a rest as a timer can keep. */
const LEAST_REST_MS = 2
const MAX_WAITING = 256

/** A piece of work. */
export interface SpareJob {
  /** Waits for whom it needs; what comes of it is done without a pause. */
  readonly prepare: () => Promise<() => void>
  /** Called once it is over, or has failed. */
  readonly end: () => void
}

/**
 * Runs jobs one at a time, each in a turn of the loop of its own, and rests after each for nine times as long as it took: what
 * nobody waits for must not hold up requests.
 */
export class SpareTime {
  readonly #clock: Clock
  readonly #onFault: (error: unknown) => void
  readonly #waiting: SpareJob[] = []
  #isRunning = false
  #freeAtMs = 0

  constructor(clock: Clock, onFault: (error: unknown) => void) {
    this.#clock = clock
    this.#onFault = onFault
  }

  /** False when too many wait already. */
  add(job: SpareJob): boolean {
    if (this.#waiting.length >= MAX_WAITING) return false
    this.#waiting.push(job)
    if (!this.#isRunning) this.#next()
    return true
  }

  #next(): void {
    this.#isRunning = this.#waiting.length > 0
    if (!this.#isRunning) return
    const restMs = this.#freeAtMs - this.#clock.monotonicMs()
    const run = (): void => void this.#run()
    if (restMs < LEAST_REST_MS) setImmediate(run)
    else this.#clock.after(restMs, run)
  }

  async #run(): Promise<void> {
    const job = this.#waiting.shift()
    try {
      const work = await job?.prepare()
      const startedMs = this.#clock.monotonicMs()
      try {
        work?.()
      } finally {
        const nowMs = this.#clock.monotonicMs()
        this.#freeAtMs = Math.max(this.#freeAtMs, startedMs) + (nowMs - startedMs) * (1 + REST_PER_WORK)
      }
    } catch (error) {
      this.#onFault(error)
    } finally {
      job?.end()
    }
    this.#next()
  }
}
