// The global one is an accessor, which is asked each time.
import { Buffer } from 'node:buffer'
import { HpackEncoder } from '../../hpack/encoder.ts'
import {
  FLAG_ACK,
  FLAG_END_HEADERS,
  FLAG_END_STREAM,
  FRAME_CONTINUATION,
  FRAME_DATA,
  FRAME_GOAWAY,
  FRAME_HEADER_BYTES,
  FRAME_HEADERS,
  FRAME_PING,
  FRAME_RST_STREAM,
  FRAME_SETTINGS,
  FRAME_WINDOW_UPDATE,
} from '../constants.ts'
import { BufferPool, BufferPools } from './buffer-pool.ts'

const INITIAL_BYTES = 4096
/** Larger scratch is not kept for the next one. */
const MAX_SCRATCH_BYTES = 128 * 1024
const none = Buffer.alloc(0)
/** Copies up to this come from the shared pool, which is far cheaper than memory of their own. */
const POOLED_BYTES = 16 * 1024
/** Larger ones, of all connections: most of those that bodies make, and those of a turn full of them. */
const copies = new BufferPool(64 * 1024, 16)
const largeCopies = new BufferPool(512 * 1024, 4)

/**
 * Scratch memory of all connections: of hundreds only those need any that have something to say in this turn of the loop.
 * What each kept, gave up when it was quiet and grew anew would be old when it is given up, and stay until V8 collects all.
 */
const scratches = new BufferPools(INITIAL_BYTES, MAX_SCRATCH_BYTES, 2 * 1024 * 1024)

/** How a header block is encoded and cut. */
export interface HeaderOptions {
  readonly encoder: HpackEncoder
  readonly maxFrameBytes: number
}

/** A growing stretch of scratch memory that bytes are encoded into; it is there while there is something in it. */
export class Scratch {
  buffer: Buffer = none
  length = 0
  /** As long as it got the last time: copying it again and again as it grows would cost more than the memory. */
  #lastLength = 0

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    const needed = this.length + bytes
    if (needed <= this.buffer.length) return
    const larger = scratches.take(Math.max(needed, this.buffer.length * 2, this.#lastLength))
    this.buffer.copy(larger, 0, 0, this.length)
    scratches.give(this.buffer)
    this.buffer = larger
  }

  /** Forgets what was encoded. */
  clear(): void {
    scratches.give(this.buffer)
    this.#lastLength = Math.min(this.length, MAX_SCRATCH_BYTES)
    this.buffer = none
    this.length = 0
  }
}

/**
 * Writes HTTP/2 frames into scratch memory. `control` goes out ahead of `data`: our SETTINGS, PING and window updates
 * never wait behind a body. Whoever owns the connection takes one right-sized copy per turn of the loop,
 * since memory given to a socket belongs to it until its callback.
 */
export class FrameOutput {
  /** DATA frames begun so far. */
  dataFrames = 0
  readonly #control = new Scratch()
  readonly #data = new Scratch()
  /** Where the header of the last frame stands if it is a DATA frame that may still grow, else -1. */
  #openFrameAt = -1
  #openFrameStream = 0

  /** Bytes waiting to be taken. */
  get bytes(): number {
    return this.#control.length + this.#data.length
  }

  /** Memory kept to encode into. */
  get scratchBytes(): number {
    return this.#control.buffer.length + this.#data.buffer.length
  }

  /** A copy of everything encoded since the last call; memory of its own, that `giveBack` takes when it is written. */
  take(): Buffer {
    const control = this.#control
    const data = this.#data
    const bytes = control.length + data.length
    const taken = allocateCopy(bytes)
    control.buffer.copy(taken, 0, 0, control.length)
    data.buffer.copy(taken, control.length, 0, data.length)
    control.clear()
    data.clear()
    this.#openFrameAt = -1
    return taken
  }

  /** Takes back what `take` gave, once nobody else uses it; what is not given back is left to the collector. */
  static giveBack(taken: Buffer): void {
    if (taken.length <= POOLED_BYTES) return
    const whole = Buffer.from(taken.buffer)
    copies.give(whole)
    largeCopies.give(whole)
  }

  /** Body bytes as DATA; consecutive pieces of one stream grow one frame up to `maxFrameBytes`. */
  data(streamId: number, maxFrameBytes: number, source: Buffer, from: number, end: number): void {
    let at = from
    while (at < end) {
      const room = this.#dataRoom(streamId, maxFrameBytes, end - at)
      const upTo = Math.min(end, at + room)
      const out = this.#data
      source.copy(out.buffer, out.length, at, upTo)
      this.#grow(upTo - at)
      at = upTo
    }
  }

  /** Latin-1 text as DATA; the caller keeps it under one frame. */
  text(streamId: number, maxFrameBytes: number, text: string): void {
    if (this.#dataRoom(streamId, maxFrameBytes, text.length) < text.length) this.#openData(streamId, text.length)
    const out = this.#data
    out.buffer.write(text, out.length, 'latin1')
    this.#grow(text.length)
  }

  /** END_STREAM: on the stream's last DATA frame while it is still here, else on an empty one. */
  endStream(streamId: number): void {
    if (this.#openFrameAt < 0 || this.#openFrameStream !== streamId) this.#openData(streamId, 0)
    this.#data.buffer[this.#openFrameAt + 4] = FLAG_END_STREAM
    this.#openFrameAt = -1
  }

  /** A header block as HEADERS and as many CONTINUATION frames as it takes. */
  headers(streamId: number, fields: readonly string[], isEnd: boolean, options: HeaderOptions): void {
    const { encoder, maxFrameBytes } = options
    const out = this.#data
    this.#openFrameAt = -1
    out.reserve(FRAME_HEADER_BYTES + HpackEncoder.bound(fields))
    const start = out.length + FRAME_HEADER_BYTES
    const end = encoder.encode(fields, out.buffer, start)
    if (end - start > maxFrameBytes) {
      return this.#splitHeaders(streamId, maxFrameBytes, Buffer.from(out.buffer.subarray(start, end)), isEnd)
    }
    writeHeader(out, end - start, FRAME_HEADERS, FLAG_END_HEADERS | (isEnd ? FLAG_END_STREAM : 0), streamId)
    out.length = end
  }

  #splitHeaders(streamId: number, maxFrameBytes: number, block: Buffer, isEnd: boolean): void {
    const out = this.#data
    let at = 0
    do {
      const upTo = Math.min(block.length, at + maxFrameBytes)
      const flags = (upTo === block.length ? FLAG_END_HEADERS : 0) | (at === 0 && isEnd ? FLAG_END_STREAM : 0)
      out.reserve(FRAME_HEADER_BYTES + upTo - at)
      writeHeader(out, upTo - at, at === 0 ? FRAME_HEADERS : FRAME_CONTINUATION, flags, streamId)
      out.length += block.copy(out.buffer, out.length, at, upTo)
      at = upTo
    } while (at < block.length)
  }

  /** Follows what the stream has already sent, so it travels with the data. */
  resetStream(streamId: number, code: number): void {
    this.#openFrameAt = -1
    writeWords(this.#data, FRAME_RST_STREAM, 0, streamId, [code])
  }

  windowUpdate(streamId: number, bytes: number): void {
    writeWords(this.#control, FRAME_WINDOW_UPDATE, 0, streamId, [bytes])
  }

  settings(entries: readonly (readonly [id: number, value: number])[]): void {
    const out = this.#control
    out.reserve(FRAME_HEADER_BYTES + entries.length * 6)
    writeHeader(out, entries.length * 6, FRAME_SETTINGS, 0, 0)
    for (const [id, value] of entries) {
      out.buffer.writeUInt16BE(id, out.length)
      out.buffer.writeUInt32BE(value, out.length + 2)
      out.length += 6
    }
  }

  /** In line with the data: what is already encoded obeys the settings from before (RFC 9113 section 6.5.3). */
  settingsAck(): void {
    this.#openFrameAt = -1
    writeWords(this.#data, FRAME_SETTINGS, FLAG_ACK, 0, [])
  }

  /** `payload` is the 8 opaque bytes. */
  ping(payload: Buffer, isAck: boolean): void {
    const words = [payload.readUInt32BE(0), payload.readUInt32BE(4)]
    writeWords(this.#control, FRAME_PING, isAck ? FLAG_ACK : 0, 0, words)
  }

  /** Goes behind everything that was promised before it. */
  goaway(lastStreamId: number, code: number, debug: string): void {
    this.#openFrameAt = -1
    const out = this.#data
    const text = Buffer.from(debug.slice(0, 256), 'latin1')
    out.reserve(FRAME_HEADER_BYTES + 8 + text.length)
    writeHeader(out, 8 + text.length, FRAME_GOAWAY, 0, 0)
    out.buffer.writeUInt32BE(lastStreamId, out.length)
    out.buffer.writeUInt32BE(code, out.length + 4)
    out.length += 8 + text.copy(out.buffer, out.length + 8)
  }

  preface(text: string): void {
    const out = this.#control
    out.reserve(text.length)
    out.length += out.buffer.write(text, out.length, 'latin1')
  }

  /** Opens a DATA frame, or goes on with the open one, with memory for `wanted` bytes; how many of them fit into it. */
  #dataRoom(streamId: number, maxFrameBytes: number, wanted: number): number {
    if (this.#openFrameAt >= 0 && this.#openFrameStream === streamId) {
      const room = maxFrameBytes - (this.#data.length - this.#openFrameAt - FRAME_HEADER_BYTES)
      if (room > 0) {
        this.#data.reserve(Math.min(room, wanted))
        return room
      }
    }
    this.#openData(streamId, Math.min(wanted, maxFrameBytes))
    return maxFrameBytes
  }

  #openData(streamId: number, bytes: number): void {
    const out = this.#data
    out.reserve(FRAME_HEADER_BYTES + bytes)
    this.#openFrameAt = out.length
    this.#openFrameStream = streamId
    this.dataFrames++
    writeHeader(out, 0, FRAME_DATA, 0, streamId)
  }

  #grow(bytes: number): void {
    const out = this.#data
    out.length += bytes
    const at = this.#openFrameAt
    const length = out.length - at - FRAME_HEADER_BYTES
    const buffer = out.buffer
    buffer[at] = length >>> 16
    buffer[at + 1] = length >>> 8
    buffer[at + 2] = length
  }
}

const allocateCopy = (bytes: number): Buffer => {
  if (bytes <= POOLED_BYTES) return Buffer.allocUnsafe(bytes)
  if (bytes <= copies.bytes) return copies.take().subarray(0, bytes)
  return bytes <= largeCopies.bytes ? largeCopies.take().subarray(0, bytes) : Buffer.allocUnsafeSlow(bytes)
}

const writeHeader = (out: Scratch, length: number, type: number, flags: number, streamId: number): void => {
  const buffer = out.buffer
  const at = out.length
  buffer[at] = length >>> 16
  buffer[at + 1] = length >>> 8
  buffer[at + 2] = length
  buffer[at + 3] = type
  buffer[at + 4] = flags
  buffer[at + 5] = streamId >>> 24
  buffer[at + 6] = streamId >>> 16
  buffer[at + 7] = streamId >>> 8
  buffer[at + 8] = streamId
  out.length = at + FRAME_HEADER_BYTES
}

const writeWords = (out: Scratch, type: number, flags: number, streamId: number, words: readonly number[]): void => {
  out.reserve(FRAME_HEADER_BYTES + words.length * 4)
  writeHeader(out, words.length * 4, type, flags, streamId)
  for (const word of words) out.length = out.buffer.writeUInt32BE(word, out.length)
}
