import type { Limit } from './limit.ts'
import type { Tally } from './tally.ts'

/**
 * Counts by periods that lie side by side, and takes of the last one the part that the sliding one still covers: two numbers
 * in place of a time for each request, and exact where requests come evenly.
 */
export class SlidingWindow implements Tally {
  readonly #limit: Limit
  #startMs: number
  #before = 0
  #current = 0

  constructor(limit: Limit, nowMs: number) {
    this.#limit = limit
    this.#startMs = startOf(nowMs, limit.periodMs)
  }

  waitMs(cost: number, nowMs: number): number {
    this.#slide(nowMs)
    const { requests, periodMs } = this.#limit
    const room = requests - Math.min(Math.max(cost, 1), requests)
    const elapsed = (nowMs - this.#startMs) / periodMs
    if (this.#before * (1 - elapsed) + this.#current <= room) return 0
    // Either enough of the last period goes out of view in this one, or enough of this one in the next.
    const at = this.#current <= room ? 1 - (room - this.#current) / this.#before : 2 - room / this.#current
    return Math.max(1, (at - elapsed) * periodMs)
  }

  take(cost: number, nowMs: number): void {
    this.#slide(nowMs)
    this.#current += cost
  }

  note(cost: number, sinceMs: number, nowMs: number): void {
    this.#slide(nowMs)
    const periods = Math.round((this.#startMs - startOf(sinceMs, this.#limit.periodMs)) / this.#limit.periodMs)
    if (periods <= 0) this.#current += cost
    else if (periods === 1) this.#before += cost
  }

  used(nowMs: number, untold: number): readonly (readonly [cost: number, sinceMs: number])[] {
    this.#slide(nowMs)
    return [
      [this.#before, this.#startMs - this.#limit.periodMs],
      [this.#current - untold, this.#startMs],
    ]
  }

  remaining(nowMs: number): number {
    this.#slide(nowMs)
    const { requests, periodMs } = this.#limit
    const elapsed = (nowMs - this.#startMs) / periodMs
    return Math.max(0, Math.floor(requests - this.#before * (1 - elapsed) - this.#current))
  }

  resetMs(nowMs: number): number {
    this.#slide(nowMs)
    const periods = this.#current > 0 ? 2 : this.#before > 0 ? 1 : 0
    return periods === 0 ? 0 : this.#startMs + periods * this.#limit.periodMs - nowMs
  }

  #slide(nowMs: number): void {
    const { periodMs } = this.#limit
    const startMs = startOf(nowMs, periodMs)
    if (startMs === this.#startMs) return
    // What is owed beyond one period stays owed in the next.
    this.#before = startMs - this.#startMs === periodMs ? this.#current : 0
    this.#current = 0
    this.#startMs = startMs
  }
}

/** Of whole periods, so that it is the same number for all times in one: clocks tell fractions. */
const startOf = (nowMs: number, periodMs: number): number => Math.floor(nowMs / periodMs) * periodMs
