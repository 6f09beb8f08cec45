import type { OverloadReason } from './overload-reason.ts'
import type { RequestQueue } from './request-queue.ts'
import type { Applicant, SourceLoad } from './source-load.ts'
import type { WaitingRequest } from './waiting-request.ts'

/** Loop time of one client in its turn: a few requests. */
const QUANTUM_MS = 0.05
/** Requests likewise, should a clock stand still. */
const MAX_PER_TURN = 16
/**
 * Turns in which a request was passed over before it counts as late, besides the time that it has waited: after a pause of
 * the process (for memory, or for having used up its share of CPU time) nobody is late who would not be without it.
 */
const LATE_TURNS = 12
/** After so long in which nobody was left over at the end of a turn there is time for those that are late. */
const SPARE_MS = 10
/** What a client whose requests take long has to wait for at most, in quanta. */
const MAX_DEBT = 20
/** Of one client: beyond it the oldest are refused at once. The tunnels that there may be bound it as well. */
export const MAX_WAITING_OF_ONE = 16_384
/** Whoever had a request served within this time is there; looked for no more often than that. */
const PRESENT_MS = 1000
const LOOK_EVERY_MS = 100

/** Some time for requests. */
interface Turn {
  readonly nowMs: number
  readonly endMs: number
  readonly mayGoOn: () => boolean
  readonly begin: (request: WaitingRequest) => void
  readonly take: (queue: RequestQueue, nowMs: number) => WaitingRequest | undefined
}

const takeLate: Turn['take'] = (queue, nowMs) => queue.takeLate(nowMs)

/**
 * Requests that wait, by client identity. Clients take turns (deficit round robin), measured in the loop time that what
 * they ask for takes: so neither many tunnels, nor many requests, nor dear ones get a client more than its share while
 * others wait. Who waits too long is refused, the oldest first.
 */
export class FairQueue {
  readonly #monotonicMs: () => number
  readonly #everybody: () => Iterable<SourceLoad>
  /** Clients with somebody waiting, in the order of their turns. */
  readonly #ring: SourceLoad[] = []
  #waiting = 0
  /** Requests that had waited, and were begun. */
  #begun = 0
  #isContended = false
  #isMakingRoom = false
  #lookedMs = Number.NEGATIVE_INFINITY
  /** When the last few turns began. */
  readonly #turns: number[] = []
  /** When somebody was left over last. */
  #shortMs = Number.NEGATIVE_INFINITY

  /** `everybody` are the clients that are connected. */
  constructor(monotonicMs: () => number, everybody: () => Iterable<SourceLoad>) {
    this.#monotonicMs = monotonicMs
    this.#everybody = everybody
  }

  /** Those who wait, of all clients. */
  get waiting(): number {
    return this.#waiting
  }

  push(request: Applicant): void {
    const { load } = request
    const nowMs = this.#monotonicMs()
    if (load.queue.length >= MAX_WAITING_OF_ONE) this.#makeRoom(load, nowMs)
    load.queue.push(request, nowMs)
    this.#waiting++
    if (load.isInRing) return
    load.isInRing = true
    this.#ring.push(load)
  }

  /**
   * Has `begin` called for those whose turn it is, until so much time is used up, or nobody is left who may begin: then
   * it is `true`. When it has been so for a while, those that have waited too long have the rest of the time.
   */
  serve(sliceMs: number, mayGoOn: () => boolean, begin: (request: WaitingRequest) => void): boolean {
    const nowMs = this.#monotonicMs()
    const endMs = nowMs + sliceMs
    this.#turns.push(nowMs)
    if (this.#turns.length > LATE_TURNS) this.#turns.shift()
    if (!this.#serveAll({ nowMs, endMs, mayGoOn, begin, take: this.#takeNext })) {
      this.#shortMs = nowMs
      return false
    }
    if (this.#ring.length === 0 || nowMs - this.#shortMs < SPARE_MS) return true
    return this.#serveAll({ nowMs: this.#monotonicMs(), endMs, mayGoOn, begin, take: takeLate })
  }

  readonly #takeNext = (queue: RequestQueue, nowMs: number): WaitingRequest | undefined =>
    queue.take(nowMs, this.#turns.length < LATE_TURNS ? Number.NEGATIVE_INFINITY : this.#turns[0])

  #serveAll(turn: Turn): boolean {
    const { endMs, mayGoOn } = turn
    let { nowMs } = turn
    // A whole round in which nobody had anything that may begin is the last one.
    for (let barren = 0; barren < this.#ring.length;) {
      if (nowMs >= endMs || !mayGoOn()) return false
      const load = this.#next()
      if (load === undefined) return true
      load.deficitMs = Math.min(load.deficitMs + QUANTUM_MS, QUANTUM_MS)
      const before = this.#begun
      const isInDebt = load.deficitMs <= 0
      if (!isInDebt) nowMs = this.#serveOne(load, { ...turn, nowMs })
      barren = isInDebt || this.#begun > before ? 0 : barren + 1
    }
    return true
  }

  /** Refuses those that have waited much too long, until so much time is used up; how long the oldest of them had waited. */
  refuse(sliceMs: number, most: number): number {
    const startMs = this.#monotonicMs()
    let nowMs = startMs
    let left = most
    let longestMs = 0
    const reason = this.#whyLate(nowMs)
    for (let rest = this.#ring.length; rest > 0; rest--) {
      const load = this.#next()
      if (load === undefined) break
      for (;;) {
        const late = this.#take(load, () => load.queue.takeOverdue(nowMs))
        if (late === undefined) break
        longestMs = Math.max(longestMs, nowMs - late.waitingSinceMs)
        late.refuse(reason)
        nowMs = this.#monotonicMs()
        if (--left <= 0 || nowMs - startMs >= sliceMs) return longestMs
      }
    }
    return longestMs
  }

  /** Whoever is refused may have the next request at hand, which is pushed meanwhile: nobody makes room for that one. */
  #makeRoom(load: SourceLoad, nowMs: number): void {
    if (this.#isMakingRoom) return
    this.#isMakingRoom = true
    try {
      this.#take(load, () => load.queue.takeOldest(nowMs))?.refuse('source')
    } finally {
      this.#isMakingRoom = false
    }
  }

  #serveOne(load: SourceLoad, turn: Turn): number {
    let { nowMs } = turn
    for (let i = 0; i < MAX_PER_TURN && load.deficitMs > 0 && nowMs < turn.endMs && turn.mayGoOn(); i++) {
      const request = this.#take(load, () => turn.take(load.queue, nowMs))
      if (request === undefined) break
      load.servedMs = nowMs
      this.#begun++
      turn.begin(request)
      const afterMs = this.#monotonicMs()
      load.deficitMs = Math.max(load.deficitMs - (afterMs - nowMs), -MAX_DEBT * QUANTUM_MS)
      nowMs = afterMs
    }
    if (load.queue.length === 0) load.deficitMs = Math.min(load.deficitMs, 0)
    return nowMs
  }

  /** The client whose turn is next; behind it come all others that have somebody waiting. */
  #next(): SourceLoad | undefined {
    for (;;) {
      const load = this.#ring.shift()
      if (load === undefined) return undefined
      load.isInRing = load.queue.length > 0
      if (!load.isInRing) continue
      this.#ring.push(load)
      return load
    }
  }

  #take(load: SourceLoad, take: () => WaitingRequest | undefined): WaitingRequest | undefined {
    const before = load.queue.length
    const request = take()
    this.#waiting -= before - load.queue.length
    return request
  }

  /** Where some clients get on without waiting while others wait too long, these ask for too much. */
  #whyLate(nowMs: number): OverloadReason {
    if (nowMs - this.#lookedMs >= LOOK_EVERY_MS) {
      this.#lookedMs = nowMs
      this.#isContended = false
      for (const { queue, servedMs } of this.#everybody()) {
        if (nowMs - servedMs < PRESENT_MS && !queue.isOverload(nowMs)) this.#isContended = true
      }
    }
    return this.#isContended ? 'source' : 'eventLoop'
  }
}
