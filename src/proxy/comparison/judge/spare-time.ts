import type { Clock } from '../../../lib/clock.ts'

/** Of the time of this process, what comparing may take: one part in ten. */
const REST_PER_WORK = 9
/** As long a rest as a timer can keep. */
const LEAST_REST_MS = 2
const MAX_WAITING = 256
/** What takes longer rests in between: requests wait for one part at most. */
const SLICE_MS = 2

/** A piece of work. */
export interface SpareJob {
  /** Waits for whom it needs; what comes of it is done in steps, of which none may take long. */
  readonly prepare: () => Promise<Iterator<unknown, unknown>>
  /** Called once it is over, or has failed. */
  readonly end: () => void
}

/**
 * Runs jobs one at a time, in slices of 2 ms, each in a turn of the loop of its own, and rests after each for nine times as
 * long as it took: what nobody waits for must not hold up requests.
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
    this.#rest(() => void this.#run())
  }

  async #run(): Promise<void> {
    const job = this.#waiting.shift()
    try {
      const steps = await job?.prepare()
      if (steps !== undefined) await this.#finish(steps)
    } catch (error) {
      this.#onFault(error)
    } finally {
      job?.end()
    }
    this.#next()
  }

  async #finish(steps: Iterator<unknown, unknown>): Promise<void> {
    while (!this.#work(steps)) await new Promise<void>((resolve) => this.#rest(resolve))
  }

  /** One slice; true when that was the last one. */
  #work(steps: Iterator<unknown, unknown>): boolean {
    const startedMs = this.#clock.monotonicMs()
    let nowMs = startedMs
    try {
      while (nowMs - startedMs < SLICE_MS) {
        if (steps.next().done === true) return true
        nowMs = this.#clock.monotonicMs()
      }
      return false
    } finally {
      nowMs = this.#clock.monotonicMs()
      this.#freeAtMs = Math.max(this.#freeAtMs, startedMs) + (nowMs - startedMs) * (1 + REST_PER_WORK)
    }
  }

  #rest(then: () => void): void {
    const restMs = this.#freeAtMs - this.#clock.monotonicMs()
    if (restMs < LEAST_REST_MS) setImmediate(then)
    else this.#clock.after(restMs, then)
  }
}
