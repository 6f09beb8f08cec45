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
    const hash = hashStart(text, text.length)
    this.#byHash.set(hash, { text, value, next: this.#byHash.get(hash) })
    this.#size++
    this.#longest = Math.max(this.#longest, text.length)
  }

  get(text: string): Value | undefined {
    return text.length > this.#longest ? undefined : this.find(hashStart(text, text.length), text, text.length)
  }

  /** What the first `length` characters of a text stand for, which have this hash (`hashStart`). */
  find(hash: number, text: string, length: number): Value | undefined {
    for (let entry = this.#byHash.get(hash); entry !== undefined; entry = entry.next) {
      if (entry.text.length === length && text.startsWith(entry.text)) return entry.value
    }
    return undefined
  }

  /** All of them, in no order. */
  *entries(): Generator<readonly [text: string, value: Value]> {
    for (let entry of this.#byHash.values()) {
      for (; ; entry = entry.next) {
        yield [entry.text, entry.value]
        if (entry.next === undefined) break
      }
    }
  }
}

/** Odd, so that it has an inverse; another one in each process, so that nobody can write texts that have the same hash. */
const FACTOR = Math.trunc(Math.random() * 2 ** 31) * 2 + 1

/** Modulo 2^32, by Newton: three bits are right to begin with (any odd number is its own inverse modulo 8), then 6, 12, 24, 48. */
const INVERSE = [0, 1, 2, 3].reduce((x) => Math.imul(x, 2 - Math.imul(FACTOR, x)), FACTOR | 0)

/** The hash of the first `length` characters of a text. */
export const hashStart = (text: string, length: number): number => {
  let hash = 0
  for (let i = 0; i < length; i++) hash = (Math.imul(hash, FACTOR) + text.charCodeAt(i)) | 0
  return hash
}

/** The hash of one character less, which is this one. */
export const withoutLast = (hash: number, code: number): number => Math.imul(hash - code, INVERSE)
