/** Requests that may be begun in one turn of the loop: some milliseconds of work, be they forwarded or answered here. */
const REQUESTS_PER_TURN = 256
/** From here on the end of the turn is waited for; below it a budget costs nothing. */
const WATCH_FROM = 64

/** Somebody with requests at hand that this turn has no room for. */
export interface Deferrable {
  readonly resume: () => void
}

/**
 * How many requests are begun in one turn of the loop. A single read can hold thousands that are answered here (404,
 * a redirect): all other connections would wait meanwhile, and so would the PINGs (engine.md, rule 8). Those who have
 * to wait take turns.
 */
export class TurnBudget {
  #begun = 0
  readonly #waiting: Deferrable[] = []

  /** Leave to begin one; if not, `who.resume` is called in a later turn. */
  take(who: Deferrable): boolean {
    if (this.#begun >= REQUESTS_PER_TURN) {
      this.#waiting.push(who)
      return false
    }
    if (++this.#begun === WATCH_FROM) setImmediate(this.#renew)
    return true
  }

  readonly #renew = (): void => {
    this.#begun = 0
    const waiting = this.#waiting
    while (this.#begun < REQUESTS_PER_TURN) {
      const next = waiting.shift()
      if (next === undefined) return
      next.resume()
    }
  }
}
