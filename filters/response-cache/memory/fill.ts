import type { Entry } from './store.ts'

/** Puts the body of an entry together as it passes, within a bound. */
export class Fill {
  readonly #pieces: Buffer[] = []
  readonly #maxBytes: number
  readonly #announced: number | undefined
  readonly #toEntry: (body: Buffer) => Entry
  #bytes = 0

  /** `announced` is what the head says of its length. */
  constructor(
    { maxBytes, announced }: { readonly maxBytes: number; readonly announced: number | undefined },
    toEntry: (body: Buffer) => Entry,
  ) {
    this.#maxBytes = maxBytes
    this.#announced = announced
    this.#toEntry = toEntry
  }

  get isTooLong(): boolean {
    return this.#bytes > this.#maxBytes
  }

  /** False when it is more than is kept. */
  add(bytes: Uint8Array): boolean {
    this.#bytes += bytes.length
    if (this.isTooLong) {
      this.#pieces.length = 0
      return false
    }
    // The memory is somebody else's, and this may be kept for long.
    if (bytes.length > 0) this.#pieces.push(Buffer.from(bytes))
    return true
  }

  /** All of it is there; `undefined` when it is not what was announced. */
  finish(): Entry | undefined {
    if (this.isTooLong) return undefined
    if (this.#announced !== undefined && this.#announced !== this.#bytes) return undefined
    // One piece of memory of its own, which no other piece keeps alive.
    const body = Buffer.allocUnsafeSlow(this.#bytes)
    let at = 0
    for (const piece of this.#pieces) at += piece.copy(body, at)
    return this.#toEntry(body)
  }
}
