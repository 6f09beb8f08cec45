const none = Buffer.alloc(0)

/** Bytes that are put together from pieces, in memory of their own. */
export class GrowingBytes {
  #buffer = none
  length = 0

  add(bytes: Uint8Array): void {
    const needed = this.length + bytes.length
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.length * 2))
      this.#buffer.copy(grown, 0, 0, this.length)
      this.#buffer = grown
    }
    this.#buffer.set(bytes, this.length)
    this.length = needed
  }

  /** All of it, which is not kept any more. */
  take(): Buffer {
    const bytes = this.#buffer.subarray(0, this.length)
    this.#buffer = none
    this.length = 0
    return bytes
  }
}
