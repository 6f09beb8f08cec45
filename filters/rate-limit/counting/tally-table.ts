import type { Limit } from './limit.ts'
import { SlidingWindow } from './sliding-window.ts'
import type { Tally } from './tally.ts'
import { TokenBucket } from './token-bucket.ts'

const createTally = (limit: Limit, nowMs: number): Tally =>
  limit.algorithm === 'TokenBucket' ? new TokenBucket(limit, nowMs) : new SlidingWindow(limit, nowMs)

/** After that a tally that nobody asked for is as new. */
const forgetAfterMs = ({ algorithm, burst, requests, periodMs }: Limit): number =>
  algorithm === 'TokenBucket' ? (burst * periodMs) / requests : 2 * periodMs

/**
 * The tallies of a limit by key, at most `maxKeys`. They are kept in two halves: what is asked for moves to the younger one;
 * when that is full, or old enough for the other to be of no use, the older one is forgotten. So the half that was asked
 * for last is always there, a key that is left alone costs nothing for long, and nothing is ever searched.
 */
export class TallyTable {
  readonly #limit: Limit
  readonly #halfSize: number
  readonly #forgetAfterMs: number
  #young = new Map<string, Tally>()
  #old = new Map<string, Tally>()
  #turnedAtMs: number

  constructor(limit: Limit, maxKeys: number, nowMs: number) {
    this.#limit = limit
    this.#halfSize = Math.max(1, Math.floor(maxKeys / 2))
    this.#forgetAfterMs = forgetAfterMs(limit)
    this.#turnedAtMs = nowMs
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  of(key: string, nowMs: number): Tally {
    const isStale = nowMs - this.#turnedAtMs > this.#forgetAfterMs
    if (isStale) this.#turn(nowMs)
    const known = this.#young.get(key)
    if (known !== undefined) return known
    const tally = this.#old.get(key) ?? createTally(this.#limit, nowMs)
    this.#old.delete(key)
    if (this.#young.size >= this.#halfSize) this.#turn(nowMs)
    this.#young.set(key, tally)
    return tally
  }

  /** All that are remembered, those that were seen last at the end; at most so many. */
  latest(most: number): readonly (readonly [key: string, tally: Tally])[] {
    return [...this.#old, ...this.#young].slice(-most)
  }

  #turn(nowMs: number): void {
    this.#old = this.#young
    this.#young = new Map()
    this.#turnedAtMs = nowMs
  }
}
