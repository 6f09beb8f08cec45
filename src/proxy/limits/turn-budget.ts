import { Fifo } from './fifo.ts'

/** Work that may be done for clients in one turn of the loop, in pieces of body: some milliseconds of it. */
const PIECES_PER_TURN = 2048
/** What a request costs, forwarded or answered here, compared with a piece of its body. */
const PIECES_PER_REQUEST = 8
/** From here on the end of the turn is waited for; below it a budget costs nothing. */
const WATCH_FROM = 512

/** Somebody with input at hand that this turn has no room for. */
export interface Deferrable {
  readonly resume: () => void
}

/**
 * How much input is worked on in one turn of the loop. A single read can hold thousands of requests that are answered
 * here (404, a redirect), or a body in chunks of one byte: all other connections would wait meanwhile, and so would the
 * PINGs (engine.md, rule 8). Those who have to wait take turns.
 */
export class TurnBudget {
  #spent = 0
  #isWatched = false
  readonly #waiting = new Fifo<Deferrable>()

  /** Leave to begin a request; if not, `who.resume` is called in a later turn. */
  takeRequest(who: Deferrable): boolean {
    return this.#take(who, PIECES_PER_REQUEST)
  }

  /** Leave to go on with the body of one; if not, `who.resume` is called in a later turn. */
  takePiece(who: Deferrable): boolean {
    return this.#take(who, 1)
  }

  /** Says that there were more pieces than were asked for. */
  spend(pieces: number): void {
    this.#spent += pieces
    if (this.#spent < WATCH_FROM || this.#isWatched) return
    this.#isWatched = true
    setImmediate(this.#renew)
  }

  /** Says that a request has begun for which nobody asked. */
  spendRequest(): void {
    this.spend(PIECES_PER_REQUEST)
  }

  #take(who: Deferrable, pieces: number): boolean {
    if (this.#spent >= PIECES_PER_TURN) {
      this.#waiting.push(who)
      return false
    }
    this.spend(pieces)
    return true
  }

  readonly #renew = (): void => {
    this.#isWatched = false
    this.#spent = 0
    while (this.#spent < PIECES_PER_TURN) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      next.resume()
    }
  }
}
