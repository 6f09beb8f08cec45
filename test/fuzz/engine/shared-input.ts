import type { FuzzCase } from './target.ts'
import type { MemorySample } from './memory.ts'
import type { SearchResult } from './search.ts'

/** What the main thread has a search do. */
export interface WorkerOrder {
  readonly target: string
  readonly rounds: number
  readonly seed: number
  readonly maxMs: number
  readonly corpusFolder: string
  /** Whether the inputs that it finds are to be reduced to a few for the corpus. */
  readonly isDistilling: boolean
  /** A file of cases instead of the corpus. */
  readonly onlyFile: string | undefined
  readonly shared: SharedArrayBuffer
}

/** What a search reports when it is over. */
export interface WorkerReport extends Omit<SearchResult, 'failure' | 'found'> {
  readonly seconds: number
  readonly slowestMs: number
  /** Memory in the course of the run; the first one is taken once the code is warm. */
  readonly samples: readonly MemorySample[]
  /** Inputs that were kept to be mutated further, and the few of them that the corpus should have. */
  readonly kept: number
  readonly distilled: readonly FuzzCase[]
  readonly failure: { readonly found: FuzzCase; readonly error: string } | undefined
}

/** The input in hand, where another thread can read it even if the search never comes back. */
export interface LastInput {
  readonly write: (round: number, seed: number, input: Buffer) => void
  readonly round: () => number
  /** Counts inputs, those of the corpus included: it stands still while one is checked. */
  readonly count: () => number
  readonly read: () => FuzzCase
}

const HEADER_WORDS = 4
const HEADER_BYTES = HEADER_WORDS * 4

/** Memory for inputs of up to `maxInputBytes`. */
export const sharedInputMemory = (maxInputBytes: number): SharedArrayBuffer =>
  new SharedArrayBuffer(HEADER_BYTES + maxInputBytes)

export function lastInput(shared: SharedArrayBuffer): LastInput {
  const words = new Int32Array(shared, 0, HEADER_WORDS)
  const bytes = new Uint8Array(shared, HEADER_BYTES)
  return {
    write: (round, seed, input) => {
      const length = Math.min(input.length, bytes.length)
      bytes.set(input.subarray(0, length))
      words[1] = seed
      words[2] = length
      words[3] = round
      Atomics.add(words, 0, 1)
    },
    round: () => Atomics.load(words, 3),
    count: () => Atomics.load(words, 0),
    read: () => ({
      name: `round ${words[3]}`,
      seed: words[1] ?? 0,
      input: Buffer.from(bytes.slice(0, words[2])),
    }),
  }
}
