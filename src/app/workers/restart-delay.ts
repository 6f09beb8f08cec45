/** The first wait; one death is repaired at once, or nearly. */
const FIRST_MS = 500
const LAST_MS = 30_000
/** Whoever lived so long did not die of its start. */
const HEALTHY_MS = 60_000

/**
 * How long to wait before a process that ended is started again: half a second, doubled with each that ended soon after
 * its start, up to 30 s, less a random part of up to a quarter from the second on, so that those of several replicas do
 * not come back in step.
 */
export class RestartDelay {
  readonly #random: () => number
  #deaths = 0

  constructor(random: () => number) {
    this.#random = random
  }

  /** `livedMs` is the life of the process that ended. */
  next(livedMs: number): number {
    if (livedMs >= HEALTHY_MS) this.#deaths = 0
    const delayMs = Math.min(FIRST_MS * 2 ** this.#deaths, LAST_MS)
    const spared = this.#deaths === 0 ? 0 : (delayMs / 4) * this.#random()
    this.#deaths = Math.min(this.#deaths + 1, 16)
    return Math.round(delayMs - spared)
  }
}
