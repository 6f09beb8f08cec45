import type { Limit } from './limit.ts'
import type { Tally } from './tally.ts'

/** Fractions of tokens do not add up to whole ones exactly. */
const ROUNDING = 1e-6

/** Holds up to `burst` tokens, and gets `requests` of them in each period, steadily. Begins full. */
export class TokenBucket implements Tally {
  readonly #limit: Limit
  #tokens: number
  #atMs: number

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

  remaining(nowMs: number): number {
    this.#refill(nowMs)
    return Math.max(0, Math.floor(this.#tokens + ROUNDING))
  }

  resetMs(nowMs: number): number {
    this.#refill(nowMs)
    return ((this.#limit.burst - this.#tokens) * this.#limit.periodMs) / this.#limit.requests
  }

  #refill(nowMs: number): void {
    const { burst, requests, periodMs } = this.#limit
    const elapsedMs = nowMs - this.#atMs
    // A clock that was set back gives nothing, and takes nothing.
    if (elapsedMs > 0) this.#tokens = Math.min(burst, this.#tokens + (elapsedMs * requests) / periodMs)
    this.#atMs = nowMs
  }
}
