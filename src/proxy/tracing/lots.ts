/** A gap that nobody lives to see the end of. */
const NEVER = Number.MAX_SAFE_INTEGER

/**
 * Chooses a share of what comes, by chance. It is not drawn for each, but how many are passed over until the next that is chosen:
 * the same chance for each of them (the gaps are distributed geometrically), for one subtraction.
 */
export class Lots {
  readonly #ratio: number
  readonly #random: () => number
  #left: number

  /** `ratio`: from 0 to 1. `random`: from 0 up to 1, without 1. */
  constructor(ratio: number, random: () => number) {
    this.#ratio = ratio
    this.#random = random
    this.#left = this.#drawGap()
  }

  /** Whether the next one is chosen. */
  draw(): boolean {
    if (this.#left > 0) {
      this.#left--
      return false
    }
    this.#left = this.#drawGap()
    return true
  }

  #drawGap(): number {
    if (this.#ratio >= 1) return 0
    if (this.#ratio <= 0) return NEVER
    return Math.min(NEVER, Math.floor(Math.log1p(-this.#random()) / Math.log1p(-this.#ratio)))
  }
}
