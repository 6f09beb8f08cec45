/** What may be kept in one process; 256 bodies of the largest size that is kept. */
const LIMIT_BYTES = 16 * 1024 * 1024

/**
 * Counts the bytes of requests that are kept though they were passed on: for a repetition, or for a copy that lags
 * behind. Nobody's window bounds them, so that clients who stop in the middle of their bodies could fill the memory.
 * When there are too many a request goes without; it is never the request itself that suffers.
 */
export class SpareMemory {
  readonly #budget: { readonly isOver: boolean }
  readonly #limitBytes: number
  #bytes = 0

  /** Nothing is kept while `budget` is over its limit. */
  constructor(budget: { readonly isOver: boolean }, limitBytes = LIMIT_BYTES) {
    this.#budget = budget
    this.#limitBytes = limitBytes
  }

  /** Counted, and to be given back. */
  get bytes(): number {
    return this.#bytes
  }

  /** Counts them; if the answer is no, the caller has to let go of what it keeps, and give it back. */
  take(bytes: number): boolean {
    this.#bytes += bytes
    return this.#bytes <= this.#limitBytes && !this.#budget.isOver
  }

  give(bytes: number): void {
    this.#bytes -= bytes
  }
}
