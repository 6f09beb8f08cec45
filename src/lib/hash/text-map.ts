import { hashPiece } from './piece-hash.ts'

/** One of those with the same hash. */
interface Entry<Value> {
  readonly text: string
  readonly value: Value
  readonly next: Entry<Value> | undefined
}

/**
 * A map by texts that are looked up by the beginnings of others. A `Map` wants a text of its own for that, and has V8
 * enter it into the table of all texts, from which it is thrown away a moment later: by a hash of the characters where
 * they are, nothing is made. What is longer than all texts in it costs nothing.
 */
export class TextMap<Value> {
  readonly #byHash = new Map<number, Entry<Value>>()
  #size = 0
  #longest = -1

  get size(): number {
    return this.#size
  }

  /** `text` is not in it yet. */
  add(text: string, value: Value): void {
    const hash = hashPiece(text, 0, text.length)
    this.#byHash.set(hash, { text, value, next: this.#byHash.get(hash) })
    this.#size++
    this.#longest = Math.max(this.#longest, text.length)
  }

  get(text: string): Value | undefined {
    return text.length > this.#longest ? undefined : this.find(hashPiece(text, 0, text.length), text, text.length)
  }

  /** What the first `length` characters of a text stand for, which have this hash (`hashPiece`). */
  find(hash: number, text: string, length: number): Value | undefined {
    for (let entry = this.#byHash.get(hash); entry !== undefined; entry = entry.next) {
      if (entry.text.length === length && text.startsWith(entry.text)) return entry.value
    }
    return undefined
  }

  /** All of them, in no order. */
  *entries(): Generator<readonly [text: string, value: Value]> {
    for (const first of this.#byHash.values()) {
      for (let entry: Entry<Value> | undefined = first; entry !== undefined; entry = entry.next) {
        yield [entry.text, entry.value]
      }
    }
  }
}
