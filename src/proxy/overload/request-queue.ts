import { ParkedRequests } from './parked-requests.ts'
import type { WaitingRequest } from './waiting-request.ts'

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
/** How long requests may wait in an overload: see the three below. */
export const STANDING_WAIT_MS = 5
/** After so many of those a request has its turn when nobody else waits. More than a pause for memory. */
const MAX_LATE = 1.5
/** A queue takes too long when its oldest has waited for so many. */
const LONG = 20
/** After so many a request may be told that there is no time: the machine's own pauses are over by then, and all are served. */
const HOPELESS = 100
/** Less than this is left: it is worked off. */
const WORKED_OFF = 0.9
/** It is the same overload still if the queue was empty for no longer than this. */
const CALM_MS = 250
/** Of those that are late, for each that has its turn; all at once would hold up everybody. */
const MAX_PARKED = 8

/**
 * The requests of one client that wait. They are worked off in the order they came: a burst, all clients of a node at
 * once, and clients that always have many requests open. When more come than go, that would have everybody wait for as
 * long as anybody may: from then on the latest is next and is answered as if there were no queue, and the oldest are the
 * ones to refuse (CoDel's limits as servers use them, with adaptive LIFO). Those in between wait for a moment in which there
 * is nobody else, which in the end is all the time: then the latest of them is next.
 */
export class RequestQueue {
  readonly #waitMs: number
  #items: WaitingRequest[] = []
  #next = 0
  /** The late ones: they are older than any other. */
  readonly #parked = new ParkedRequests()
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
    return this.#items.length - this.#next + this.#parked.length
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

  /** Takes out the one that is next, unless all have waited too long. Nobody has who came after `passedOverMs`. */
  take(nowMs: number, passedOverMs = nowMs): WaitingRequest | undefined {
    const isOverload = this.isOverload(nowMs)
    const lateMs = Math.min(nowMs - this.#waitMs * MAX_LATE, passedOverMs)
    if (isOverload) this.#park(lateMs)
    for (;;) {
      const request = isOverload ? this.#last : this.#items[this.#next]
      if (request === undefined || (isOverload && request.waitingSinceMs <= lateMs)) return undefined
      if (isOverload) this.#dropLast(nowMs)
      else this.#dropFirst(nowMs)
      if (!request.isGone) return request
    }
  }

  /** Takes out the latest of those that have waited too long: nobody else wants the time. */
  takeLate(nowMs: number): WaitingRequest | undefined {
    if (!this.isOverload(nowMs)) return undefined
    for (;;) {
      const last = this.#last
      const request = last ?? this.#parked.takeLatest()
      if (request === undefined) return undefined
      if (last !== undefined) this.#dropLast(nowMs)
      else if (this.length === 0) this.#reset(nowMs)
      if (!request.isGone) return request
    }
  }

  /** Takes out the oldest, or one of the same connection, if it has waited much too long. */
  takeOverdue(nowMs: number): WaitingRequest | undefined {
    if (!this.isOverload(nowMs)) return undefined
    for (;;) {
      const oldest = this.#oldest
      if (oldest === undefined) return undefined
      if (!oldest.isGone && nowMs - oldest.waitingSinceMs < this.#waitMs * HOPELESS) return undefined
      const request = this.takeOldest(nowMs)
      if (request?.isGone !== true) return request
    }
  }

  /** Takes out the oldest, or one that is about as old. */
  takeOldest(nowMs: number): WaitingRequest | undefined {
    const parked = this.#parked.takeOldest()
    if (parked !== undefined) {
      if (this.length === 0) this.#reset(nowMs)
      return parked
    }
    const request = this.#items[this.#next]
    if (request !== undefined) this.#dropFirst(nowMs)
    return request
  }

  get #oldest(): WaitingRequest | undefined {
    return this.#parked.oldest ?? this.#items[this.#next]
  }

  /** The latest that is not parked. */
  get #last(): WaitingRequest | undefined {
    return this.#items.length > this.#next ? this.#items.at(-1) : undefined
  }

  #look(nowMs: number): void {
    const oldest = this.#oldest
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

  #park(lateMs: number): void {
    for (let i = 0; i < MAX_PARKED; i++) {
      const request = this.#items[this.#next]
      if (request === undefined || request.waitingSinceMs > lateMs) return
      // It is in the queue all the time, or the queue might seem to be worked off.
      this.#parked.push(request)
      this.#dropFirst(request.waitingSinceMs)
      request.park?.()
    }
  }

  #dropLast(nowMs: number): void {
    this.#items.pop()
    if (this.length === 0) this.#reset(nowMs)
  }

  #dropFirst(nowMs: number): void {
    this.#next++
    if (this.length === 0) this.#reset(nowMs)
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
