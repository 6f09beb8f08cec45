/** Which HTTP/2 frames came on a connection, read by nothing that is under test (RFC 9113 section 4.1). */
const HEADER_BYTES = 9
const GOAWAY = 7
/** Last stream and code stand before what is said in it (RFC 9113 section 6.8). */
const GOAWAY_HEAD_BYTES = 8

/** A GOAWAY as it came. */
export interface Goaway {
  readonly code: number
  readonly reason: string
}

/** Cuts bytes into frames, however they come. */
export class FrameLedger {
  #carry: Buffer = Buffer.alloc(0)
  /** Bytes of a payload that are still to come and that nobody looks at. */
  #toSkip = 0
  frames = 0
  /** Type of the last whole frame. */
  lastType = -1
  readonly goaways: Goaway[] = []

  /** Whether the bytes so far are whole frames. */
  get isAtBoundary(): boolean {
    return this.#carry.length === 0 && this.#toSkip === 0
  }

  feed(buffer: Buffer, from = 0, to = buffer.length): void {
    let at = from
    if (this.#toSkip > 0) {
      const skipped = Math.min(this.#toSkip, to - at)
      at += skipped
      this.#toSkip -= skipped
    }
    if (at === to) return
    const bytes = Buffer.concat([this.#carry, buffer.subarray(at, to)])
    this.#carry = Buffer.alloc(0)
    for (let start = 0; start < bytes.length;) {
      const head = bytes.subarray(start, start + HEADER_BYTES)
      const length = head.length < HEADER_BYTES ? 0 : head.readUIntBE(0, 3)
      const type = head[3] ?? -1
      const isCut = bytes.length < start + HEADER_BYTES + length
      if (head.length < HEADER_BYTES || (isCut && type === GOAWAY)) {
        this.#carry = Buffer.from(bytes.subarray(start))
        return
      }
      this.frames++
      this.lastType = type
      if (type === GOAWAY) this.#onGoaway(bytes.subarray(start + HEADER_BYTES, start + HEADER_BYTES + length))
      if (isCut) this.#toSkip = start + HEADER_BYTES + length - bytes.length
      start += HEADER_BYTES + length
    }
  }

  #onGoaway(payload: Buffer): void {
    this.goaways.push({ code: payload.readUInt32BE(4), reason: payload.toString('utf8', GOAWAY_HEAD_BYTES) })
  }
}

/** What the type of a GOAWAY is in `lastType`. */
export const GOAWAY_TYPE = GOAWAY
