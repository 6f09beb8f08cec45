import type { Limit } from './limit.ts'
import type { Tally } from './tally.ts'

/** Fractions of tokens do not add up to whole ones exactly. */
const ROUNDING = 1e-6
/** What came earlier while it was full is of no use to those who say late what they took. */
const SPILT_MS = 20

/** Holds up to `burst` tokens, and gets `requests` of them in each period, steadily. Begins full. */
export class TokenBucket implements Tally {
  readonly #limit: Limit
  #tokens: number
  #atMs: number
  /** What came while it was full, shortly before `#spiltAtMs`. */
  #spilt = 0
  #spiltAtMs = 0

  constructor(limit: Limit, nowMs: number) {
    this.#limit = limit
    this.#tokens = limit.burst
    this.#atMs = nowMs
  }

  waitMs(cost: number, nowMs: number): number {
    this.#refill(nowMs)
    const { burst, requests, periodMs } = this.#limit
    // More than it can hold passes when it is full, and is owed then.
    const missing = Math.min(Math.max(cost, 1), burst) - this.#tokens
    return missing <= ROUNDING ? 0 : (missing * periodMs) / requests
  }

  take(cost: number, nowMs: number): void {
    this.#refill(nowMs)
    this.#tokens -= cost
  }

  note(cost: number, sinceMs: number, nowMs: number): void {
    this.#refill(nowMs)
    // Had they said so at once, it would not have been full, and some of what came then would have stayed.
    const kept = this.#spiltAtMs >= sinceMs ? Math.min(cost, this.#spilt, this.#gain(nowMs - sinceMs)) : 0
    this.#spilt -= kept
    this.#tokens -= cost - kept
  }

  used(nowMs: number, untold: number): readonly (readonly [cost: number, sinceMs: number])[] {
    this.#refill(nowMs)
    return [[this.#limit.burst - this.#tokens - untold, nowMs]]
  }

  remaining(nowMs: number): number {
    this.#refill(nowMs)
    return Math.max(0, Math.floor(this.#tokens + ROUNDING))
  }

  resetMs(nowMs: number): number {
    this.#refill(nowMs)
    return ((this.#limit.burst - this.#tokens) * this.#limit.periodMs) / this.#limit.requests
  }

  #refill(nowMs: number): void {
    const { burst } = this.#limit
    const elapsedMs = nowMs - this.#atMs
    // A clock that was set back gives nothing, and takes nothing.
    if (elapsedMs > 0) this.#tokens += this.#gain(elapsedMs)
    this.#atMs = nowMs
    if (this.#tokens <= burst) return
    const before = nowMs - this.#spiltAtMs < SPILT_MS ? this.#spilt : 0
    this.#spilt = Math.min(before + this.#tokens - burst, this.#gain(SPILT_MS))
    this.#spiltAtMs = nowMs
    this.#tokens = burst
  }

  #gain(elapsedMs: number): number {
    return (Math.max(0, elapsedMs) * this.#limit.requests) / this.#limit.periodMs
  }
}
