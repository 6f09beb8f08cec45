import type { FuzzCase } from './target.ts'

/** Inputs that are kept because they led to something new, and what they may come to together. */
const POOL_LIMIT = 4096
const POOL_BYTES = 2 << 20
/** Outcomes are remembered by hash, in memory that does not grow. */
const OUTCOME_SLOTS = 1 << 20

/** Inputs worth mutating further. Once it is full a new one takes the place of another that is not smaller. */
export class Pool {
  readonly cases: FuzzCase[] = []
  /** Different outcomes so far, near enough. */
  outcomes = 0
  readonly #outcomes = new Uint8Array(OUTCOME_SLOTS)
  #bytes = 0

  /** Whether an outcome was never seen before. */
  isNew(outcome: string): boolean {
    const slot = hashText(outcome) & (OUTCOME_SLOTS - 1)
    if (this.#outcomes[slot] === 1) return false
    this.#outcomes[slot] = 1
    this.outcomes += 1
    return true
  }

  keep(found: FuzzCase): void {
    const { input, seed } = found
    const isFull = this.cases.length >= POOL_LIMIT || this.#bytes + input.length > POOL_BYTES
    const at = isFull ? seed % this.cases.length : this.cases.length
    const freed = this.cases[at]?.input.length ?? 0
    if (isFull && freed < input.length) return
    // Memory of its own: a part of another input would keep all of that alive.
    this.cases[at] = { ...found, input: Buffer.from(Uint8Array.from(input).buffer) }
    this.#bytes += input.length - freed
  }
}

/** FNV-1a over the characters. */
function hashText(text: string): number {
  let hash = 0x811c_9dc5
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193)
  return (hash ^ (hash >>> 15)) >>> 0
}
