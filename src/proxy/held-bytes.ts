/** A stretch of received bytes that waits for whoever is to take it. */
export interface Piece {
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
}

/** A piece below this size, or below this share of its memory, is copied. */
const COPY_BELOW_BYTES = 1024
const COPY_BELOW_SHARE = 4
const CHUNK_BYTES = 4096

const nothing: Piece = { buffer: Buffer.alloc(0), start: 0, end: 0 }

/**
 * Bytes that were received and cannot be passed on yet, in order. How many there are is bounded by the window they were
 * sent under, since they are not consumed; what they cost is bounded here: small pieces are copied together, else a
 * peer that sends a byte per frame would have us keep an object for each, and a whole read alive for a few bytes of it.
 */
export class HeldBytes {
  #pieces: Piece[] = []
  #next = 0
  /** Free memory behind the last piece, which is ours then. */
  #room = 0
  bytes = 0

  get isEmpty(): boolean {
    return this.bytes === 0
  }

  /** Keeps `buffer[start..end)`, whose memory must stay as it is. */
  push(buffer: Buffer, start: number, end: number): void {
    const bytes = end - start
    if (bytes === 0) return
    this.bytes += bytes
    if (bytes >= COPY_BELOW_BYTES && bytes * COPY_BELOW_SHARE >= buffer.buffer.byteLength) {
      this.#room = 0
      this.#pieces.push({ buffer, start, end })
      return
    }
    this.#copy(buffer, start, end)
  }

  /** The next piece, which is not kept any more. */
  shift(): Piece | undefined {
    const piece = this.#pieces[this.#next]
    if (piece === undefined) return undefined
    this.#next++
    this.bytes -= piece.end - piece.start
    if (this.#next === this.#pieces.length) this.#reset()
    return piece
  }

  /** Puts what is left of a piece that was taken back to the front. */
  putBack(piece: Piece): void {
    this.bytes += piece.end - piece.start
    if (this.#next > 0) this.#pieces[--this.#next] = piece
    else this.#pieces.unshift(piece)
  }

  /** Hands on all of it in order, with what comes meanwhile. */
  deliver(take: (buffer: Buffer, start: number, end: number) => void): void {
    for (let piece = this.shift(); piece !== undefined; piece = this.shift()) take(piece.buffer, piece.start, piece.end)
  }

  /** The same; returns how many bytes `pass` said of that they were passed on. */
  drain(pass: (buffer: Buffer, start: number, end: number) => boolean): number {
    let passed = 0
    this.deliver((buffer, start, end) => {
      if (pass(buffer, start, end)) passed += end - start
    })
    return passed
  }

  /** A copy of the first bytes, at most so many; all of it stays. */
  copy(maxBytes: number): Buffer {
    const copy = Buffer.allocUnsafe(Math.min(this.bytes, maxBytes))
    let copied = 0
    for (let i = this.#next; copied < copy.length; i++) {
      const { buffer, start, end } = this.#pieces[i] ?? nothing
      copied += buffer.copy(copy, copied, start, end)
    }
    return copy
  }

  /** Forgets everything; returns how many bytes that were. */
  drop(): number {
    const { bytes } = this
    if (bytes === 0) return 0
    this.bytes = 0
    this.#reset()
    return bytes
  }

  #copy(buffer: Buffer, start: number, end: number): void {
    const bytes = end - start
    const last = this.#pieces.at(-1)
    if (last !== undefined && this.#room >= bytes) {
      const upTo = last.end + buffer.copy(last.buffer, last.end, start, end)
      this.#pieces[this.#pieces.length - 1] = { buffer: last.buffer, start: last.start, end: upTo }
      this.#room -= bytes
      return
    }
    // The first small piece gets memory of its size: mostly it stays alone.
    const chunk = Buffer.allocUnsafeSlow(last === undefined ? bytes : Math.max(bytes, CHUNK_BYTES))
    this.#pieces.push({ buffer: chunk, start: 0, end: buffer.copy(chunk, 0, start, end) })
    this.#room = chunk.length - bytes
  }

  #reset(): void {
    this.#pieces = []
    this.#next = 0
    this.#room = 0
  }
}
