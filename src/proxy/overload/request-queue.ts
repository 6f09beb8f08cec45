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

/** How often it is looked whether a queue gets longer, and how long its oldest must have waited for that to matter. */
export const LOOK_MS = 250
/** A queue in which somebody has waited for so long is an overload, even if it does not get longer. */
export const LONGEST_WAIT_MS = 2000
/** In an overload, whoever has waited for so long is told that there is no time. */
export const STANDING_WAIT_MS = 5
/** It is the same overload still if the queue was empty for no longer than this. */
const CALM_MS = 250
/** From one look to the next; clients that wait for one answer before they ask again make it go up and down. */
const GROWTH = 1.25

/**
 * The requests of one client that wait. They are worked off in the order they came: a burst, all clients of a node at
 * once, and clients that always have many requests open. When more come than go, that would have everybody wait for as
 * long as anybody may: from then on the latest is next and is answered as if there were no queue, and the oldest are the
 * ones to refuse (CoDel's limits as servers use them, with adaptive LIFO).
 */
export class RequestQueue {
  readonly #waitMs: number
  #items: WaitingRequest[] = []
  #next = 0
  #isOverload = false
  /** Of the last look; none to compare with: infinite. */
  #lookedMs = 0
  #lookedLength = Infinity
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

  /** More come than go, or come too late. */
  isOverload(nowMs: number): boolean {
    if (!this.#isOverload && nowMs - this.#lookedMs >= LOOK_MS) this.#look(nowMs)
    return this.#isOverload
  }

  push(request: WaitingRequest, nowMs: number): void {
    if (this.length === 0) {
      this.#isOverload = this.#waitMs > 0 && nowMs - this.#relievedMs < CALM_MS
      this.#lookedMs = nowMs
      this.#lookedLength = Infinity
    }
    request.waitingSinceMs = nowMs
    this.#items.push(request)
  }

  /** Takes out the one that is next, unless all have waited too long. */
  take(nowMs: number): WaitingRequest | undefined {
    const isOverload = this.isOverload(nowMs)
    for (;;) {
      const request = isOverload ? this.#items.at(-1) : this.#items[this.#next]
      if (request === undefined || (isOverload && this.#isOverdue(request, nowMs))) return undefined
      if (isOverload) this.#dropLast(nowMs)
      else this.#dropFirst(nowMs)
      if (!request.isGone) return request
    }
  }

  /** Takes out the oldest if it has waited too long. */
  takeOverdue(nowMs: number): WaitingRequest | undefined {
    if (!this.isOverload(nowMs)) return undefined
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

  #look(nowMs: number): void {
    const oldest = this.#items[this.#next]
    if (oldest === undefined || this.#waitMs === 0) return
    const waitedMs = nowMs - oldest.waitingSinceMs
    // What came while the loop stood still came at once, and is not getting more.
    const isComparable = nowMs - this.#lookedMs < 2 * LOOK_MS
    const isGrowing = isComparable && this.length > this.#lookedLength * GROWTH
    this.#isOverload = waitedMs >= LONGEST_WAIT_MS || (isGrowing && waitedMs >= LOOK_MS)
    this.#lookedMs = nowMs
    this.#lookedLength = this.length
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
    if (this.#isOverload) this.#relievedMs = nowMs
    this.#isOverload = false
    this.#items = []
    this.#next = 0
  }
}
