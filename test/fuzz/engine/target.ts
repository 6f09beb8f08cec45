import type { SeededRandom } from '../../support/random.ts'

/** One parser of foreign input, and what must hold whatever it is fed. */
export interface FuzzTarget {
  readonly name: string
  /** How its inputs are written in corpus files: text with escapes, or bytes in hexadecimal. */
  readonly format: 'text' | 'hex'
  /** Hexadecimal lines with comments, for people; default: rows of bytes. */
  readonly formatLines?: (input: Buffer) => readonly string[]
  /** Inputs to begin with, beside those of its corpus folder; at least one. */
  readonly seeds: () => readonly Buffer[]
  /** Makes a new input of one, or of two; its result is cut at `maxInputBytes`. */
  readonly mutate: (input: Buffer, other: Buffer, random: SeededRandom) => Buffer
  /**
   * Throws when a promise is broken. The result says in a few words what the input led to: an input with a new outcome
   * is worth mutating further. It must depend on `input` and `random` alone.
   */
  readonly check: (input: Buffer, random: SeededRandom) => string
  readonly maxInputBytes: number
  /** Rounds of the short form in `npm test`. */
  readonly shortRounds: number
}

/** One input with the chance that goes with it: cuts, and what owners do. */
export interface FuzzCase {
  readonly name: string
  readonly seed: number
  readonly input: Buffer
}
