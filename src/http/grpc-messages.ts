/** Bytes before each message: whether it is compressed, and how long it is. */
const PREFIX_BYTES = 5

/**
 * Counts the messages of a gRPC stream in one direction by the length before each (gRPC over HTTP/2, Length-Prefixed-Message):
 * one counts when its length is there. Nothing is kept of them; what is no gRPC counts as whatever it looks like.
 */
export class GrpcMessages {
  /** Of a prefix that is not whole. */
  #seen = 0
  #length = 0
  /** Bytes until the next prefix. */
  #left = 0

  /** Takes in bytes; how many messages began. */
  feed(buffer: Uint8Array, start: number, end: number): number {
    let count = 0
    for (let at = start; at < end;) {
      if (this.#left > 0) {
        const skipped = Math.min(this.#left, end - at)
        this.#left -= skipped
        at += skipped
        continue
      }
      if (this.#seen > 0) this.#length = this.#length * 256 + (buffer[at] ?? 0)
      at++
      if (++this.#seen < PREFIX_BYTES) continue
      count++
      this.#left = this.#length
      this.#seen = 0
      this.#length = 0
    }
    return count
  }
}
