import { rethrow } from '../../lib/errors/rethrow.ts'
import { FairQueue } from '../overload/fair-queue.ts'
import { RefusalBudget } from '../overload/refusal-budget.ts'
import type { WaitingRequest } from '../overload/waiting-request.ts'
import type { Applicant } from '../overload/source-load.ts'
import { Sources } from '../overload/sources.ts'
import { Fifo } from './fifo.ts'
import { WaitingBytes } from './waiting-bytes.ts'

/** Work that may be done for clients in one turn of the loop, in pieces of body: some milliseconds of it. */
const PIECES_PER_TURN = 2048
/** What a request costs, forwarded or answered here, compared with a piece of its body. */
const PIECES_PER_REQUEST = 8
/** From here on the end of the turn is waited for; below it a budget costs nothing. */
const WATCH_FROM = 512
/**
 * Loop time for beginning requests that had to wait. What else there is to do for them takes about twice as long again:
 * so a turn in which there are more than there is time for lasts 1 ms or so, and whoever may begin has it within a few.
 * Longer ones save nothing that could be measured, and lose much: all that is under way at a time outgrows the young
 * generation and is collected again and again, and everybody waits for the turns of all others, on both sides.
 */
const BEGIN_SLICE_MS = 0.3
const MAX_REFUSED_PER_TURN = 512

/** Somebody with input at hand that this turn has no room for. */
export interface Deferrable {
  readonly resume: () => void
}

/** Who is told of what turns come to. */
export interface TurnUser {
  /** Requests are left over at the end of a turn, or none are any more. */
  readonly onCrowd: (isCrowded: boolean) => void
  /** Somebody whose turn it was threw, which is a bug of ours: the others go on in the next one. */
  readonly onFault: (error: unknown) => void
}

/**
 * How much input is worked on in one turn of the loop. A single read can hold thousands of requests that are answered
 * here (404, a redirect), or a body in chunks of one byte: all other connections would wait meanwhile, and so would the
 * PINGs (engine.md, rule 8). Pieces of requests that have begun take turns; requests that have not wait in a `FairQueue`.
 */
export class TurnBudget {
  #spent = 0
  #isWatched = false
  /** What may be spent before requests have to wait; 0 while some do, so that newcomers stand behind them. */
  #requestLimit = PIECES_PER_TURN
  /** The one whose turn it is. */
  #begins: WaitingRequest | undefined
  readonly #pieces = new Fifo<Deferrable>()
  /** For those who wait. */
  readonly bytes = new WaitingBytes()
  /** For those of them who may wait for long. */
  readonly parkedBytes = new WaitingBytes()
  readonly #requests: FairQueue
  readonly #refusals = new RefusalBudget()
  readonly #monotonicMs: () => number
  readonly #user: TurnUser
  #isCrowded = false

  /**
   * Default: the time of the machine, clients that nobody has told it of, and faults that are thrown on.
   */
  constructor(
    monotonicMs = (): number => performance.now(),
    sources = new Sources(),
    user: TurnUser = { onCrowd: () => {}, onFault: rethrow },
  ) {
    this.#monotonicMs = monotonicMs
    this.#requests = new FairQueue(monotonicMs, () => sources.all())
    this.#user = user
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#requests.waiting
  }

  /** Leave to begin a request; if not, `who.resume` is called in a later turn, or `who.refuse`. */
  takeRequest(who: Applicant): boolean {
    if (this.#spent >= this.#requestLimit && this.#begins !== who) return this.#wait(who)
    this.#begins = undefined
    this.spend(PIECES_PER_REQUEST)
    return true
  }

  /** Leave to go on with the body of one; if not, `who.resume` is called in a later turn. */
  takePiece(who: Deferrable): boolean {
    if (this.#spent >= PIECES_PER_TURN) {
      this.#pieces.push(who)
      return false
    }
    this.spend(1)
    return true
  }

  /** Says that there were more pieces than were asked for. */
  spend(pieces: number): void {
    this.#spent += pieces
    if (this.#spent >= WATCH_FROM) this.#watch()
  }

  #wait(who: Applicant): false {
    this.#requests.push(who)
    this.#requestLimit = 0
    this.#watch()
    return false
  }

  #watch(): void {
    if (this.#isWatched) return
    this.#isWatched = true
    setImmediate(this.#renew)
  }

  readonly #renew = (): void => {
    this.#isWatched = false
    this.#spent = 0
    try {
      this.#goOn()
    } catch (error) {
      // Those behind it wait for the next turn, and shall have one.
      this.#begins = undefined
      this.#updateLimit()
      this.#user.onFault(error)
    } finally {
      if (this.#pieces.first !== undefined || this.#requests.waiting > 0) this.#watch()
    }
  }

  #goOn(): void {
    while (this.#hasRoom()) {
      const next = this.#pieces.shift()
      if (next === undefined) break
      next.resume()
    }
    if (this.#requests.waiting > 0) this.#serve()
    const isCrowded = this.#requests.waiting > 0
    if (isCrowded === this.#isCrowded) return
    this.#isCrowded = isCrowded
    this.#user.onCrowd(isCrowded)
  }

  /** Pieces leave requests the half of a turn at least. */
  #serve(): void {
    this.#spent = Math.min(this.#spent, PIECES_PER_TURN / 2)
    this.#requests.serve(BEGIN_SLICE_MS, this.#hasRoom, this.#begin)
    this.#refuse()
    this.#updateLimit()
  }

  #refuse(): void {
    const nowMs = this.#monotonicMs()
    const sliceMs = this.#refusals.sliceMs(nowMs)
    if (sliceMs === 0) return
    const waitedMs = this.#requests.refuse(sliceMs, MAX_REFUSED_PER_TURN)
    this.#refusals.spend(this.#monotonicMs() - nowMs, waitedMs)
  }

  readonly #hasRoom = (): boolean => this.#spent < PIECES_PER_TURN

  readonly #begin = (who: WaitingRequest): void => {
    this.#updateLimit()
    this.#begins = who
    who.resume()
    this.#begins = undefined
  }

  #updateLimit(): void {
    this.#requestLimit = this.#requests.waiting > 0 ? 0 : PIECES_PER_TURN
  }
}
