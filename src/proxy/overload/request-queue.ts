import type { OverloadReason } from './overload-reason.ts'

/** A request that is there, and for which nobody has done anything yet. */
export interface WaitingRequest {
  /** Kept by the queue, monotonic. */
  waitingSinceMs: number
  /** Its client has gone meanwhile. */
  readonly isGone: boolean
  /** It is its turn. */
  readonly resume: () => void
  /** It has to be answered that there is no time for it. */
  readonly refuse: (reason: OverloadReason) => void
}

/** How long a queue may be at work on one burst: all clients of a node at once, or what a pause has left. */
export const BURST_MS = 250
/** After that it is an overload, and whoever has waited for so long is told that there is no time. */
export const STANDING_WAIT_MS = 5
/** And it is the same one still if the queue was empty for no longer than this. */
const CALM_MS = 250

/**
 * The requests of one client that wait. A burst is worked off in the order it came. When the queue has not been empty
 * for longer than a burst takes, working in order would have everybody wait for as long as anybody may: from then on the
 * latest is next and is answered as if there were no queue, and the oldest are the ones to refuse (CoDel's limits as
 * servers use them, with adaptive LIFO).
 */
export class RequestQueue {
  readonly #waitMs: number
  #items: WaitingRequest[] = []
  #next = 0
  #standingAtMs = 0
  /** When an overload was worked off, as far as it was there. */
  #relievedMs = Number.NEGATIVE_INFINITY

  /** `waitMs` in place of `STANDING_WAIT_MS`; 0 is for ever. */
  constructor(waitMs = STANDING_WAIT_MS) {
    this.#waitMs = waitMs
  }

  /** Those that are gone count until they are found. */
  get length(): number {
    return this.#items.length - this.#next
  }

  /** It has not been empty for longer than a burst takes. */
  isStanding(nowMs: number): boolean {
    return this.#waitMs > 0 && this.length > 0 && nowMs >= this.#standingAtMs
  }

  push(request: WaitingRequest, nowMs: number): void {
    if (this.length === 0) this.#standingAtMs = nowMs - this.#relievedMs < CALM_MS ? nowMs : nowMs + BURST_MS
    request.waitingSinceMs = nowMs
    this.#items.push(request)
  }

  /** Takes out the one that is next, unless all have waited too long. */
  take(nowMs: number): WaitingRequest | undefined {
    const isStanding = this.isStanding(nowMs)
    for (;;) {
      const request = isStanding ? this.#items.at(-1) : this.#items[this.#next]
      if (request === undefined || (isStanding && this.#isOverdue(request, nowMs))) return undefined
      if (isStanding) this.#dropLast(nowMs)
      else this.#dropFirst(nowMs)
      if (!request.isGone) return request
    }
  }

  /** Takes out the oldest if it has waited too long. */
  takeOverdue(nowMs: number): WaitingRequest | undefined {
    if (!this.isStanding(nowMs)) return undefined
    for (;;) {
      const request = this.#items[this.#next]
      if (request === undefined || !(request.isGone || this.#isOverdue(request, nowMs))) return undefined
      this.#dropFirst(nowMs)
      if (!request.isGone) return request
    }
  }

  /** Takes out the oldest. */
  takeOldest(nowMs: number): WaitingRequest | undefined {
    const request = this.#items[this.#next]
    if (request !== undefined) this.#dropFirst(nowMs)
    return request
  }

  #isOverdue(request: WaitingRequest, nowMs: number): boolean {
    return nowMs - request.waitingSinceMs >= this.#waitMs
  }

  #dropLast(nowMs: number): void {
    this.#items.pop()
    if (this.#items.length === this.#next) this.#reset(nowMs)
  }

  #dropFirst(nowMs: number): void {
    this.#next++
    if (this.#items.length === this.#next) this.#reset(nowMs)
    else if (this.#next * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#next)
      this.#next = 0
    }
  }

  #reset(nowMs: number): void {
    if (nowMs >= this.#standingAtMs) this.#relievedMs = nowMs
    this.#items = []
    this.#next = 0
  }
}
