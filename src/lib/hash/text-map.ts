/** One of those with the same hash. */
interface Entry<Value> {
  readonly text: string
  readonly value: Value
  readonly next: Entry<Value> | undefined
}

/**
 * A map by texts that are looked up by the beginnings of others. A `Map` wants a text of its own for that, and has V8
 * enter it into the table of all texts, from which it is thrown away a moment later: by a hash of the characters where
 * they are, nothing is made.
 */
export class TextMap<Value> {
  readonly #byHash = new Map<number, Entry<Value>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** `text` is not in it yet. */
  add(text: string, value: Value): void {
    const hash = hashStart(text, text.length)
    this.#byHash.set(hash, { text, value, next: this.#byHash.get(hash) })
    this.#size++
  }

  /** What the first `length` characters of a text stand for. */
  get(text: string, length = text.length): Value | undefined {
    for (let entry = this.#byHash.get(hashStart(text, length)); entry !== undefined; entry = entry.next) {
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

const hashStart = (text: string, length: number): number => {
  let hash = 0
  for (let i = 0; i < length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}
