/**
 * Who may begin a TLS handshake, and when. A handshake costs the loop a millisecond or two that it gives to nobody
 * else, so a flood of them would stand in every open tunnel's way. Sockets wait here, unread, and are let in one by one
 * as long as the loop has time left; what waits too long is turned away. No socket is known here, only who waits.
 */
import type { Clock } from '../../lib/clock.ts'
import { Fifo } from './fifo.ts'

/** A connection that wants to begin its handshake. */
export class Applicant {
  /** Where it comes from: those of one address share its turns. */
  readonly address: string
  /** Begins the handshake. Called at most once, and never after `refuse`. */
  readonly admit: () => void
  /** Closes the connection, which may be waiting or in the middle of its handshake. */
  readonly refuse: () => void
  state: 'new' | 'waiting' | 'admitted' | 'gone' = 'new'
  sinceMs = 0

  constructor(address: string, act: { readonly admit: () => void; readonly refuse: () => void }) {
    this.address = address
    this.admit = act.admit
    this.refuse = act.refuse
  }
}

export interface AdmissionOptions {
  readonly clock: Pick<Clock, 'monotonicMs' | 'after'>
  /** How long the loop has been idle since it began, in milliseconds. */
  readonly idleMs: () => number
  /** Whether anybody is there whom handshakes could hold up. */
  readonly isUsed: () => boolean
  /** Told of each one that is turned away. */
  readonly onShed: (applicant: Applicant) => void
  /** So many wait that it may be a flood, or no longer. */
  readonly onCrowd?: (isCrowded: boolean) => void
}

/** Handshakes that may be under way, in all and from one address: each holds about 40 KB, for nothing yet. */
const MAX_HANDSHAKES = 256
const MAX_HANDSHAKES_OF_ONE = 64
/**
 * Above that, for addresses that have none under way: whoever keeps a place without getting on has it for `PATIENCE_MS`,
 * which is longer than those who wait are let wait, and would keep them all out.
 */
const SPARE_HANDSHAKES = 64
/** Sockets that may wait, in all and from one address. */
const MAX_WAITING = 4096
const MAX_WAITING_OF_ONE = 1024
/** More than the clients of one node that starts anew. */
const CROWD = 256
/** How often the queue moves: one handshake each time, as none may line up behind another in front of a tunnel. */
const TURN_MS = 1
/** While nobody has a tunnel they line up. */
const AT_ONCE_UNUSED = 16
/** The queue moves when the loop was idle for at least this share of the time since the last look. */
const IDLE_RATIO = 0.25
/** A loop that is never idle lets one in after this long all the same, about a tenth of its time. */
const LEAST_EVERY_MS = 10
/** Let in at once, without a look at the loop, within `LEAST_EVERY_MS`. */
const FREE_AT_ONCE = 2
/**
 * A burst, all clients of a node at once, may take its time. When the queue has not been empty for so long it is an
 * overload, and who waits longer than the shorter limit is told so: a client that is refused can go elsewhere.
 */
const BURST_MS = 5000
const OVERLOAD_WAIT_MS = 500
/** Turned away in one turn: closing a socket has its price too. */
const MAX_SHED_PER_TURN = 8
/** A handshake that takes longer than this makes way when others wait for its place. */
const PATIENCE_MS = 2000

/** What comes from one address. */
interface Origin {
  readonly address: string
  readonly waiting: Applicant[]
  handshakes: number
  /** It has its turn among the others. */
  isInRing: boolean
}

export class HandshakeAdmission {
  readonly #options: AdmissionOptions
  readonly #origins = new Map<string, Origin>()
  /** Origins with somebody waiting, in the order of their turns. */
  readonly #ring: Origin[] = []
  /** Everybody who waits or waited, in the order they came. */
  readonly #arrivals = new Fifo<Applicant>()
  /** Under way, the oldest first. */
  readonly #handshakes = new Set<Applicant>()
  #waiting = 0
  #isCrowded = false
  /** When a queue that has not been empty becomes an overload. */
  #overloadAtMs = 0
  #lastAdmitMs = Number.NEGATIVE_INFINITY
  #freeAtOnce = FREE_AT_ONCE
  #lastLookMs = 0
  #lastIdleMs = 0
  #cancelTurn: (() => void) | undefined

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /** Those who wait. */
  get waiting(): number {
    return this.#waiting
  }

  /** Those whose handshake is under way. */
  get handshakes(): number {
    return this.#handshakes.size
  }

  /** True while nobody else can be made to wait: whoever comes is better not even looked at. */
  get isFull(): boolean {
    return this.#waiting >= MAX_WAITING
  }

  /** Lets it in now or later, or refuses it. */
  offer(applicant: Applicant): void {
    const origin = this.#originOf(applicant.address)
    applicant.sinceMs = this.#options.clock.monotonicMs()
    if (this.#waiting === 0 && this.#mayEnterAtOnce(origin, applicant.sinceMs)) return this.#admit(applicant, origin)
    if (this.isFull || origin.waiting.length >= MAX_WAITING_OF_ONE) return this.#shed(applicant)
    applicant.state = 'waiting'
    origin.waiting.push(applicant)
    if (!origin.isInRing) this.#ring.push(origin)
    origin.isInRing = true
    this.#arrivals.push(applicant)
    this.#waiting++
    if (this.#waiting === CROWD) this.#setCrowded(true)
    if (this.#cancelTurn === undefined) this.#begin(applicant.sinceMs)
  }

  /** Its handshake is over, or the connection is: whichever comes first counts. */
  leave(applicant: Applicant): void {
    const { state } = applicant
    applicant.state = 'gone'
    if (state === 'waiting') this.#waiting--
    if (state !== 'admitted') return
    this.#handshakes.delete(applicant)
    const origin = this.#origins.get(applicant.address)
    if (origin === undefined) return
    origin.handshakes--
    this.#forget(origin)
  }

  /** Turns everybody away who waits or is in the middle of it. */
  close(): void {
    this.#cancelTurn?.()
    this.#cancelTurn = undefined
    this.#setCrowded(false)
    const all = [...this.#arrivals.toArray(), ...this.#handshakes]
    for (const applicant of all) {
      if (applicant.state === 'gone') continue
      this.leave(applicant)
      applicant.refuse()
    }
  }

  #mayEnterAtOnce(origin: Origin, nowMs: number): boolean {
    if (nowMs - this.#lastAdmitMs >= LEAST_EVERY_MS) this.#freeAtOnce = FREE_AT_ONCE
    return this.#freeAtOnce-- > 0 && this.#hasPlaceFor(origin)
  }

  #hasPlaceFor(origin: Origin): boolean {
    return this.#handshakes.size < MAX_HANDSHAKES && origin.handshakes < MAX_HANDSHAKES_OF_ONE
  }

  #admit(applicant: Applicant, origin: Origin): void {
    const nowMs = this.#options.clock.monotonicMs()
    applicant.state = 'admitted'
    applicant.sinceMs = nowMs
    origin.handshakes++
    this.#handshakes.add(applicant)
    this.#lastAdmitMs = nowMs
    applicant.admit()
  }

  #shed(applicant: Applicant): void {
    applicant.state = 'gone'
    applicant.refuse()
    this.#options.onShed(applicant)
  }

  /** The queue was empty: it moves from now on until it is so again. */
  #begin(nowMs: number): void {
    this.#overloadAtMs = nowMs + BURST_MS
    this.#lastLookMs = nowMs
    this.#lastIdleMs = this.#options.idleMs()
    this.#cancelTurn = this.#options.clock.after(TURN_MS, this.#turn)
  }

  readonly #turn = (): void => {
    const { clock, idleMs } = this.#options
    const nowMs = clock.monotonicMs()
    const idle = idleMs()
    const idleRatio = (idle - this.#lastIdleMs) / Math.max(nowMs - this.#lastLookMs, 0.001)
    this.#lastLookMs = nowMs
    this.#lastIdleMs = idle
    this.#shedOverdue(nowMs)
    if (!this.#options.isUsed()) for (let i = 0; i < AT_ONCE_UNUSED; i++) this.#admitNext(nowMs)
    else if (idleRatio >= IDLE_RATIO || nowMs - this.#lastAdmitMs >= LEAST_EVERY_MS) this.#admitNext(nowMs)
    this.#cancelTurn = this.#waiting > 0 ? clock.after(TURN_MS, this.#turn) : undefined
    if (this.#waiting === 0) this.#setCrowded(false)
  }

  #setCrowded(isCrowded: boolean): void {
    if (this.#isCrowded === isCrowded) return
    this.#isCrowded = isCrowded
    this.#options.onCrowd?.(isCrowded)
  }

  /** The oldest go first, whatever their address: at most a few in one turn. */
  #shedOverdue(nowMs: number): void {
    const limitMs = nowMs < this.#overloadAtMs ? BURST_MS : OVERLOAD_WAIT_MS
    let budget = MAX_SHED_PER_TURN
    for (let oldest = this.#arrivals.first; oldest !== undefined && budget > 0; oldest = this.#arrivals.first) {
      if (oldest.state === 'waiting') {
        if (nowMs - oldest.sinceMs <= limitMs) return
        this.leave(oldest)
        this.#shed(oldest)
        // The oldest of all is the oldest of its address.
        this.#origins.get(oldest.address)?.waiting.shift()
        budget--
      }
      this.#arrivals.shift()
    }
  }

  /** Addresses take turns, so that one that floods keeps no other waiting. */
  #admitNext(nowMs: number): void {
    if (this.#handshakes.size >= MAX_HANDSHAKES) this.#evictOldest(nowMs)
    const places = this.#handshakes.size < MAX_HANDSHAKES ? MAX_HANDSHAKES_OF_ONE : 1
    if (this.#handshakes.size >= MAX_HANDSHAKES + SPARE_HANDSHAKES) return
    for (let left = this.#ring.length; left > 0; left--) {
      const origin = this.#ring.shift()
      if (origin === undefined) return
      const next = origin.handshakes < places ? origin.waiting.shift() : undefined
      origin.isInRing = origin.waiting.length > 0
      if (origin.isInRing) this.#ring.push(origin)
      else if (next === undefined) this.#forget(origin)
      if (next?.state !== 'waiting') continue
      this.#waiting--
      return this.#admit(next, origin)
    }
  }

  /** Whoever keeps its place without getting on loses it, once others need it. */
  #evictOldest(nowMs: number): void {
    const [oldest] = this.#handshakes
    if (oldest === undefined || nowMs - oldest.sinceMs < PATIENCE_MS) return
    this.leave(oldest)
    this.#shed(oldest)
  }

  #originOf(address: string): Origin {
    let origin = this.#origins.get(address)
    if (origin === undefined) {
      origin = { address, waiting: [], handshakes: 0, isInRing: false }
      this.#origins.set(address, origin)
    }
    return origin
  }

  #forget(origin: Origin): void {
    if (origin.handshakes === 0 && !origin.isInRing && origin.waiting.length === 0) this.#origins.delete(origin.address)
  }
}
