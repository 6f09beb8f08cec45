import { CR, FIELD_VALUE, LF } from '../chars.ts'

const FIRST_CAPACITY = 1024
const nothing = Buffer.alloc(0)

/**
 * Collects a head or a trailer section that arrives in pieces, up to its blank line.
 * It looks at each byte once and stops at the first one that no section may hold, so that a client that ends lines
 * with a bare LF, or speaks another protocol, is refused at once instead of being waited for.
 */
export class SectionBuffer {
  bytes: Buffer = nothing
  length = 0
  /** The offending byte once `append` has met one, else -1. */
  badByte = -1
  isComplete = false
  /** How much of CR LF CR LF has been seen: 0 to 3. */
  #matched = 0

  /** Starts over, giving the memory back; `afterLine` when a line end has just been read, as before trailers. */
  reset(afterLine: boolean): void {
    if (this.length > 0) this.bytes = nothing
    this.length = 0
    this.badByte = -1
    this.isComplete = false
    this.#matched = afterLine ? 2 : 0
  }

  /** Takes bytes up to the blank line, a bad byte or `maxBytes` in total; the result is the offset after the last one. */
  append(buffer: Uint8Array, start: number, end: number, maxBytes: number): number {
    const stop = Math.min(end, start + maxBytes - this.length)
    let matched = this.#matched
    let at = start
    while (at < stop && !this.isComplete) {
      const byte = buffer[at++] ?? 0
      if (matched === 1 || matched === 3) {
        if (byte !== LF) return this.#spoil(CR, at)
        if (matched === 3) this.isComplete = true
        else matched = 2
      } else if (byte === CR) {
        matched++
      } else if (FIELD_VALUE[byte] === 1) {
        matched = 0
      } else {
        return this.#spoil(byte, at)
      }
    }
    this.#matched = matched
    this.#copy(buffer, start, at)
    return at
  }

  #spoil(byte: number, at: number): number {
    this.badByte = byte
    return at
  }

  #copy(buffer: Uint8Array, start: number, end: number): void {
    const needed = this.length + end - start
    if (needed > this.bytes.length) {
      // Not from Node's shared pool: a slow client would pin a whole pool page.
      const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_CAPACITY, this.bytes.length * 2, needed))
      this.bytes.copy(grown, 0, 0, this.length)
      this.bytes = grown
    }
    this.bytes.set(buffer.subarray(start, end), this.length)
    this.length = needed
  }
}
