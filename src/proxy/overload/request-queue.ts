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
  /** It will not have its turn any more, and may have to wait long for its answer: called once at most. */
  readonly park?: () => void
}

/** How often it is looked what becomes of a queue. */
const LOOK_MS = 50
/** A queue has to take too long for so long, in which no part of it was worked off, to be an overload. */
export const STANDING_MS = 200
/** Then it is one when it is so long: fewer requests may be what clients always have open, with a slow filter, */
export const STANDING_LENGTH = 500
/** or when it got so much longer within this time: more come than go. What is open for ever goes up and down, too. */
const GROWTH = { ratio: 1.25, requests: 32, withinMs: 1000 }
/** A queue in which somebody has waited for so long is an overload, however short it is. */
export const LONGEST_WAIT_MS = 2000
/** In an overload, whoever has waited for so long may be told that there is no time. */
export const STANDING_WAIT_MS = 5
/** Nobody has his turn after so many of those: who comes in his place is served at once. More than a pause for memory. */
const MAX_LATE = 3
/** A queue takes too long when its oldest has waited for so many of them. */
const LONG = 20
/** Less than this is left: it is worked off. */
const WORKED_OFF = 0.9
/** It is the same overload still if the queue was empty for no longer than this. */
const CALM_MS = 250
/** Of those that will not have their turn, for each that has; all at once would hold up everybody. */
const MAX_PARKED = 8

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
  /** Up to here they have been told that they will not have their turn. */
  #parked = 0
  #isOverload = false
  #lookedMs = 0
  /** Since when it has taken too long, and its length then. */
  #standingSinceMs = 0
  #standingLength = 0
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
      this.#stand(nowMs)
    }
    request.waitingSinceMs = nowMs
    this.#items.push(request)
  }

  /** Takes out the one that is next, unless all have waited too long. */
  take(nowMs: number): WaitingRequest | undefined {
    const isOverload = this.isOverload(nowMs)
    if (isOverload) this.#park(nowMs)
    for (;;) {
      const request = isOverload ? this.#items.at(-1) : this.#items[this.#next]
      if (request === undefined || (isOverload && this.#isTooLate(request, nowMs))) return undefined
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
      if (request === undefined || !(request.isGone || nowMs - request.waitingSinceMs >= this.#waitMs)) return undefined
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
    // What came while the loop stood still came at once, and did not have its time yet.
    const wasHeldUp = nowMs - this.#lookedMs >= STANDING_MS
    const isQuick = waitedMs < this.#waitMs * LONG || this.length < this.#standingLength * WORKED_OFF
    if (wasHeldUp || isQuick) this.#stand(nowMs)
    this.#isOverload = waitedMs >= LONGEST_WAIT_MS || this.#isStanding(nowMs)
    this.#lookedMs = nowMs
  }

  #isStanding(nowMs: number): boolean {
    const standingMs = nowMs - this.#standingSinceMs
    if (standingMs < STANDING_MS) return false
    if (this.length >= STANDING_LENGTH) return true
    if (this.length > this.#standingLength * GROWTH.ratio + GROWTH.requests) return true
    if (standingMs >= GROWTH.withinMs) this.#stand(nowMs)
    return false
  }

  #stand(nowMs: number): void {
    this.#standingSinceMs = nowMs
    this.#standingLength = this.length
  }

  #isTooLate(request: WaitingRequest, nowMs: number): boolean {
    return nowMs - request.waitingSinceMs >= this.#waitMs * MAX_LATE
  }

  #park(nowMs: number): void {
    for (let i = 0; i < MAX_PARKED; i++) {
      const request = this.#items[this.#parked]
      if (request === undefined || !this.#isTooLate(request, nowMs)) return
      this.#parked++
      request.park?.()
    }
  }

  #dropLast(nowMs: number): void {
    this.#items.pop()
    if (this.#items.length === this.#next) this.#reset(nowMs)
  }

  #dropFirst(nowMs: number): void {
    this.#next++
    this.#parked = Math.max(this.#parked, this.#next)
    if (this.#items.length === this.#next) this.#reset(nowMs)
    else if (this.#next * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#next)
      this.#parked -= this.#next
      this.#next = 0
    }
  }

  #reset(nowMs: number): void {
    if (this.#isOverload) this.#relievedMs = nowMs
    this.#isOverload = false
    this.#items = []
    this.#next = 0
    this.#parked = 0
  }
}
