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

const isWorthKeeping = (buffer: Buffer, bytes: number): boolean => bytes * COPY_BELOW_SHARE >= buffer.buffer.byteLength

/** `buffer[start..end)` for longer than a few turns: a copy, unless it fills much of its memory. */
export const ownPiece = (buffer: Buffer, start: number, end: number): Piece => {
  const bytes = end - start
  if (isWorthKeeping(buffer, bytes)) return { buffer, start, end }
  const copy = Buffer.allocUnsafeSlow(bytes)
  buffer.copy(copy, 0, start, end)
  return { buffer: copy, start: 0, end: bytes }
}

/**
 * Bytes that were received and cannot be passed on yet, in order. How many there are is bounded by the window they were
 * sent under, since they are not consumed; what they cost is bounded here: small pieces are copied together, else a
 * peer that sends a byte per frame would have us keep an object for each, and a whole read alive for a few bytes of it.
 */
export class HeldBytes {
  /** Mostly there is one piece or none, and thousands of requests may be under way or wait: a list would cost as much again. */
  #first: Piece | undefined
  #rest: Piece[] | undefined
  /** Where in `#rest`, when there is one, the second piece is. */
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
    if (bytes >= COPY_BELOW_BYTES && isWorthKeeping(buffer, bytes)) {
      this.#room = 0
      this.#append({ buffer, start, end })
      return
    }
    this.#copy(buffer, start, end)
  }

  /** The next piece, which is not kept any more. */
  shift(): Piece | undefined {
    const piece = this.#first
    if (piece === undefined) return undefined
    this.bytes -= piece.end - piece.start
    if (this.#rest === undefined) this.#reset()
    else this.#advance(this.#rest)
    return piece
  }

  /** Puts what is left of a piece that was taken back to the front. */
  putBack(piece: Piece): void {
    this.bytes += piece.end - piece.start
    const second = this.#first
    this.#first = piece
    if (second === undefined) return
    if (this.#next > 0 && this.#rest !== undefined) this.#rest[--this.#next] = second
    else this.#rest = [second, ...(this.#rest ?? [])]
  }

  /** Hands on all of it in order, with what comes meanwhile. */
  deliver(take: (buffer: Buffer, start: number, end: number) => void): void {
    let piece: Piece | undefined
    try {
      while ((piece = this.shift()) !== undefined) take(piece.buffer, piece.start, piece.end)
    } catch (error) {
      // Whoever has to give credit for what is dropped shall find it.
      if (piece !== undefined) this.putBack(piece)
      throw error
    }
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
    let piece = this.#first
    for (let i = this.#next; piece !== undefined && copied < copy.length; i++) {
      const { buffer, start, end } = piece
      copied += buffer.copy(copy, copied, start, end)
      piece = this.#rest?.[i]
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

  #advance(rest: Piece[]): void {
    this.#first = rest[this.#next++]
    if (this.#next < rest.length) return
    this.#rest = undefined
    this.#next = 0
  }

  #append(piece: Piece): void {
    if (this.#first === undefined) this.#first = piece
    else if (this.#rest === undefined) this.#rest = [piece]
    else this.#rest.push(piece)
  }

  #copy(buffer: Buffer, start: number, end: number): void {
    const bytes = end - start
    const last = this.#rest?.at(-1) ?? this.#first
    if (last !== undefined && this.#room >= bytes) {
      const upTo = last.end + buffer.copy(last.buffer, last.end, start, end)
      this.#replaceLast({ buffer: last.buffer, start: last.start, end: upTo })
      this.#room -= bytes
      return
    }
    // The first small piece gets memory of its size: mostly it stays alone.
    const chunk = Buffer.allocUnsafeSlow(last === undefined ? bytes : Math.max(bytes, CHUNK_BYTES))
    this.#append({ buffer: chunk, start: 0, end: buffer.copy(chunk, 0, start, end) })
    this.#room = chunk.length - bytes
  }

  #replaceLast(piece: Piece): void {
    if (this.#rest === undefined) this.#first = piece
    else this.#rest[this.#rest.length - 1] = piece
  }

  #reset(): void {
    this.#first = undefined
    this.#rest = undefined
    this.#next = 0
    this.#room = 0
  }
}
