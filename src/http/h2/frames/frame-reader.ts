import {
  CLIENT_PREFACE,
  DEFAULT_FRAME_BYTES,
  FLAG_PADDED,
  FRAME_DATA,
  FRAME_HEADER_BYTES,
  FRAME_SIZE_ERROR,
  PROTOCOL_ERROR,
} from '../constants.ts'

/** Receives what the reader finds, synchronously and in order. */
export interface FrameSink {
  /** A whole frame; its payload is `buffer[start..end)` and only valid during the call. */
  readonly onFrame: (type: number, flags: number, streamId: number, buffer: Buffer, start: number, end: number) => void
  /**
   * A piece of an unpadded DATA frame: such payloads are passed on as they come, never collected.
   * `frameBytes` is the whole frame's length on its first piece and 0 on later ones; `isLast` marks the last piece.
   */
  readonly onData: (piece: DataPiece) => void
  readonly onFrameError: (code: number, message: string) => void
}

/** One object per reader, filled anew for each piece: nothing is allocated for a DATA frame. */
export interface DataPiece {
  streamId: number
  flags: number
  frameBytes: number
  isLast: boolean
  buffer: Buffer
  start: number
  end: number
}

const preface = Buffer.from(CLIENT_PREFACE, 'latin1')
const none = Buffer.alloc(0)

/**
 * Cuts a byte stream into HTTP/2 frames (RFC 9113 section 4.1), however it is chunked. A frame that is whole in the
 * chunk is passed on in place; one that is cut is collected, at most `maxFrameBytes` of it.
 */
export class FrameReader {
  /** Frames until `feed` stops; below 0 it does not. */
  framesLeft = -1
  readonly #sink: FrameSink
  readonly #maxFrameBytes: number
  #prefaceBytes: number
  #failed = false
  /** Bytes of a frame (header included) that earlier chunks brought. */
  #carry: Buffer = none
  #carryBytes = 0
  #dataRemaining = 0
  readonly #piece: DataPiece = { streamId: 0, flags: 0, frameBytes: 0, isLast: false, buffer: none, start: 0, end: 0 }

  constructor(sink: FrameSink, options: { readonly expectPreface: boolean; readonly maxFrameBytes?: number }) {
    this.#sink = sink
    this.#maxFrameBytes = options.maxFrameBytes ?? DEFAULT_FRAME_BYTES
    this.#prefaceBytes = options.expectPreface ? preface.length : 0
  }

  /** True once a whole preface was seen (always, for a client). */
  get hasPreface(): boolean {
    return this.#prefaceBytes === 0
  }

  /** No further frame is delivered, not even from the chunk in hand. */
  stop(): void {
    this.#failed = true
    this.#carry = none
    this.#carryBytes = 0
  }

  /** Where it stopped: `end`, unless the frame limit came first. */
  // The loop is flat and long on purpose: it runs once per frame and every call in it would show in a profile.
  feed(buffer: Buffer, from: number, end: number): number {
    let at = from
    if (this.#prefaceBytes > 0 && !this.#failed) at = this.#readPreface(buffer, at, end)
    while (at < end && this.framesLeft !== 0) {
      if (this.#failed) return end
      if (this.#dataRemaining > 0) {
        at = this.#readData(buffer, at, end)
        continue
      }
      if (this.#carryBytes > 0) {
        at = this.#readCarried(buffer, at, end)
        continue
      }
      if (end - at < FRAME_HEADER_BYTES) {
        this.#keep(buffer, at, end, FRAME_HEADER_BYTES)
        return end
      }
      const length = ((buffer[at] ?? 0) << 16) | ((buffer[at + 1] ?? 0) << 8) | (buffer[at + 2] ?? 0)
      if (length > this.#maxFrameBytes) {
        this.#fail(FRAME_SIZE_ERROR, `a frame of ${length} bytes exceeds the limit of ${this.#maxFrameBytes}`)
        return end
      }
      const type = buffer[at + 3] ?? 0
      const flags = buffer[at + 4] ?? 0
      if (type === FRAME_DATA && (flags & FLAG_PADDED) === 0) {
        this.#beginData(buffer, at, length)
        at += FRAME_HEADER_BYTES
        continue
      }
      const frameEnd = at + FRAME_HEADER_BYTES + length
      if (frameEnd > end) {
        this.#keep(buffer, at, end, FRAME_HEADER_BYTES + length)
        return end
      }
      this.framesLeft--
      this.#sink.onFrame(type, flags, readStreamId(buffer, at + 5), buffer, at + FRAME_HEADER_BYTES, frameEnd)
      at = frameEnd
    }
    return at
  }

  #readPreface(buffer: Buffer, from: number, end: number): number {
    let at = from
    while (at < end && this.#prefaceBytes > 0) {
      if (buffer[at] !== preface[preface.length - this.#prefaceBytes]) {
        this.#fail(PROTOCOL_ERROR, 'the connection does not begin with the HTTP/2 preface')
        return end
      }
      this.#prefaceBytes--
      at++
    }
    return at
  }

  #beginData(buffer: Buffer, at: number, length: number): void {
    this.framesLeft--
    const piece = this.#piece
    piece.streamId = readStreamId(buffer, at + 5)
    piece.flags = buffer[at + 4] ?? 0
    piece.frameBytes = length
    this.#dataRemaining = length
    if (length > 0) return
    piece.isLast = true
    piece.buffer = buffer
    piece.start = piece.end = at + FRAME_HEADER_BYTES
    this.#sink.onData(piece)
    // Else a connection that is quiet after it would keep a whole read alive.
    piece.buffer = none
  }

  #readData(buffer: Buffer, at: number, end: number): number {
    const piece = this.#piece
    const pieceEnd = Math.min(end, at + this.#dataRemaining)
    this.#dataRemaining -= pieceEnd - at
    piece.isLast = this.#dataRemaining === 0
    piece.buffer = buffer
    piece.start = at
    piece.end = pieceEnd
    this.#sink.onData(piece)
    piece.frameBytes = 0
    piece.buffer = none
    return pieceEnd
  }

  /** Completes a cut frame from the new chunk, taking no byte more than it needs. */
  #readCarried(buffer: Buffer, from: number, end: number): number {
    let at = from
    if (this.#carryBytes < FRAME_HEADER_BYTES) {
      at = this.#take(buffer, at, end, FRAME_HEADER_BYTES)
      if (this.#carryBytes < FRAME_HEADER_BYTES) return at
    }
    const carry = this.#carry
    const length = carry.readUIntBE(0, 3)
    const type = carry[3] ?? 0
    const flags = carry[4] ?? 0
    if (length > this.#maxFrameBytes) {
      this.#fail(FRAME_SIZE_ERROR, `a frame of ${length} bytes exceeds the limit of ${this.#maxFrameBytes}`)
      return end
    }
    if (type === FRAME_DATA && (flags & FLAG_PADDED) === 0) {
      this.#carryBytes = 0
      this.#beginData(carry, 0, length)
      return at
    }
    at = this.#take(buffer, at, end, FRAME_HEADER_BYTES + length)
    if (this.#carryBytes < FRAME_HEADER_BYTES + length) return at
    // Released before the call: the sink may fail the connection, which stops this reader.
    const whole = this.#carry
    this.#carry = none
    this.#carryBytes = 0
    this.framesLeft--
    this.#sink.onFrame(type, flags, readStreamId(whole, 5), whole, FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + length)
    return at
  }

  #take(buffer: Buffer, at: number, end: number, wanted: number): number {
    this.#reserve(wanted)
    const upTo = Math.min(end, at + wanted - this.#carryBytes)
    this.#carryBytes += buffer.copy(this.#carry, this.#carryBytes, at, upTo)
    return upTo
  }

  #keep(buffer: Buffer, at: number, end: number, wanted: number): void {
    this.#reserve(wanted)
    this.#carryBytes = buffer.copy(this.#carry, 0, at, end)
  }

  #reserve(bytes: number): void {
    if (this.#carry.length >= bytes) return
    const larger = Buffer.allocUnsafe(bytes)
    this.#carry.copy(larger, 0, 0, this.#carryBytes)
    this.#carry = larger
  }

  #fail(code: number, message: string): void {
    this.stop()
    this.#sink.onFrameError(code, message)
  }
}

const readStreamId = (buffer: Buffer, at: number): number => buffer.readUInt32BE(at) & 0x7fff_ffff
