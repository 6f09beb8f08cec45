/** A final binary frame (RFC 6455 section 5.2). */
const BINARY = 0x82
const MASKED = 0x80
const SHORT_BYTES = 125
const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d])

/** A binary message of at most 125 bytes as a server sends it. */
export const encodeServerFrame = (message: Buffer): Buffer => Buffer.concat([headOf(message, 0), message])

/** The same as a client sends it, with a mask that is always the same. */
export const encodeClientFrame = (message: Buffer): Buffer => {
  const masked = message.map((byte, i) => byte ^ (MASK[i % MASK.length] ?? 0))
  return Buffer.concat([headOf(message, MASKED), MASK, masked])
}

const headOf = (message: Buffer, maskBit: number): Buffer => {
  if (message.length > SHORT_BYTES) throw new Error(`a message of ${message.length} bytes, at most ${SHORT_BYTES}`)
  return Buffer.from([BINARY, maskBit | message.length])
}

/** Reads the short masked messages of one client, however they are cut. */
export class ClientFrameReader {
  readonly #frame = Buffer.alloc(2 + MASK.length + SHORT_BYTES)
  #filled = 0

  /** Calls back with each whole message, unmasked; throws on anything else than a short binary message. */
  feed(buffer: Buffer, start: number, end: number, onMessage: (message: Buffer) => void): void {
    for (let at = start; at < end;) {
      const bytes = Math.min(this.#wanted(), end - at)
      buffer.copy(this.#frame, this.#filled, at, at + bytes)
      this.#filled += bytes
      at += bytes
      if (this.#filled < 2 || this.#wanted() > 0) continue
      onMessage(this.#takeMessage())
    }
  }

  /** How many bytes the frame lacks: its head first. */
  #wanted(): number {
    const frame = this.#frame
    if (this.#filled < 2) return 2 - this.#filled
    const length = (frame[1] ?? 0) & ~MASKED
    if (frame[0] !== BINARY || (frame[1] ?? 0) < MASKED || length > SHORT_BYTES)
      throw new Error('no short binary frame')
    return 2 + MASK.length + length - this.#filled
  }

  #takeMessage(): Buffer {
    const message = Buffer.from(this.#frame.subarray(2 + MASK.length, this.#filled))
    for (let i = 0; i < message.length; i++) message[i] = (message[i] ?? 0) ^ (this.#frame[2 + (i % MASK.length)] ?? 0)
    this.#filled = 0
    return message
  }
}
