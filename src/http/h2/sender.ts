import type { HpackEncoder } from '../hpack/encoder.ts'
import { DEFAULT_FRAME_BYTES, DEFAULT_WINDOW_BYTES, MAX_WINDOW_BYTES } from './constants.ts'
import type { FrameOutput } from './output.ts'
import type { H2Stream } from './stream.ts'

/** Encoded bytes after which bodies wait in their queues instead: bounds what one socket holds, and so how long others wait. */
const OUTPUT_LIMIT_BYTES = 256 * 1024

/** A queued piece that is less than this share of its buffer is copied, so that it does not keep the whole alive. */
const RETAIN_RATIO = 4

/**
 * The sending half of a connection: flow control at both levels (RFC 9113 section 5.2), queues, and turns.
 * A body that fits goes straight into the output; what does not waits, and streams that wait take turns frame by frame.
 */
export class H2Sender {
  readonly #output: FrameOutput
  readonly #encoder: HpackEncoder
  readonly #onOutput: () => void
  readonly #onLocalEnd: (stream: H2Stream) => void
  readonly #scheduled: H2Stream[] = []
  #window = DEFAULT_WINDOW_BYTES
  #isBlocked = false
  #scratch: Buffer = Buffer.allocUnsafeSlow(1024)
  maxFrameBytes = DEFAULT_FRAME_BYTES

  constructor(options: {
    readonly output: FrameOutput
    readonly encoder: HpackEncoder
    readonly onOutput: () => void
    readonly onLocalEnd: (stream: H2Stream) => void
  }) {
    this.#output = options.output
    this.#encoder = options.encoder
    this.#onOutput = options.onOutput
    this.#onLocalEnd = options.onLocalEnd
  }

  /** Bytes of body that may be sent on the connection before the peer gives more. */
  get window(): number {
    return this.#window
  }

  headers(stream: H2Stream, fields: readonly string[], isEnd: boolean): void {
    let room = 64
    for (const text of fields) room += text.length + 8
    if (this.#scratch.length < room) this.#scratch = Buffer.allocUnsafeSlow(room * 2)
    const length = this.#encoder.encode(fields, this.#scratch, 0)
    this.#output.headers(stream.id, this.maxFrameBytes, this.#scratch.subarray(0, length), isEnd)
    this.#onOutput()
    if (isEnd) this.#onLocalEnd(stream)
  }

  /** Sends or queues `buffer[start..end)`; the memory must stay as it is. True when all of it was encoded at once. */
  data(stream: H2Stream, buffer: Buffer, start: number, end: number): boolean {
    const bytes = end - start
    if (bytes === 0) return stream.queuedBytes === 0
    if (this.#mayPass(stream, bytes)) {
      this.#window -= bytes
      stream.sendWindow -= bytes
      this.#output.data(stream.id, this.maxFrameBytes, buffer, start, end)
      this.#onOutput()
      return true
    }
    this.#enqueue(stream, buffer, start, end)
    return false
  }

  /** Sends or queues Latin-1 text. */
  text(stream: H2Stream, text: string): boolean {
    const bytes = text.length
    if (bytes > this.maxFrameBytes || !this.#mayPass(stream, bytes)) {
      return this.data(stream, Buffer.from(text, 'latin1'), 0, bytes)
    }
    this.#window -= bytes
    stream.sendWindow -= bytes
    this.#output.text(stream.id, this.maxFrameBytes, text)
    this.#onOutput()
    return true
  }

  /** Ends our side once everything queued is out. */
  end(stream: H2Stream): void {
    if (stream.queuedBytes > 0) {
      stream.isEndQueued = true
      return
    }
    this.#output.endStream(stream.id)
    this.#onOutput()
    this.#onLocalEnd(stream)
  }

  /** Forgets what a stream had queued. */
  drop(stream: H2Stream): void {
    stream.queue = []
    stream.queuedBytes = 0
    stream.isEndQueued = false
  }

  /** The peer's WINDOW_UPDATE for the connection; false when the window overflows. */
  credit(bytes: number): boolean {
    if (this.#window + bytes > MAX_WINDOW_BYTES) return false
    this.#window += bytes
    this.pump()
    return true
  }

  /** The peer's WINDOW_UPDATE for a stream, or a change of its initial window; false when the window overflows. */
  creditStream(stream: H2Stream, bytes: number): boolean {
    if (stream.sendWindow + bytes > MAX_WINDOW_BYTES) return false
    stream.sendWindow += bytes
    if (stream.queuedBytes > 0) {
      this.#schedule(stream)
      this.pump()
    }
    return true
  }

  /** While the socket is full nothing but control frames is encoded. */
  setBlocked(isBlocked: boolean): void {
    this.#isBlocked = isBlocked
    if (!isBlocked) this.pump()
  }

  /** Lets waiting streams send, one frame each in turn, until window, socket or queues end. */
  pump(): void {
    const scheduled = this.#scheduled
    while (scheduled.length > 0 && !this.#isBlocked && this.#window > 0 && this.#output.bytes < OUTPUT_LIMIT_BYTES) {
      const stream = scheduled.shift()
      if (stream === undefined) return
      stream.isScheduled = false
      if (stream.isReset || stream.queuedBytes === 0) continue
      this.#sendTurn(stream)
      if (stream.queuedBytes > 0) {
        if (stream.sendWindow > 0) this.#schedule(stream)
        continue
      }
      const { handler } = stream
      if (stream.isEndQueued) {
        stream.isEndQueued = false
        this.end(stream)
      }
      handler.onDrain()
    }
  }

  #mayPass(stream: H2Stream, bytes: number): boolean {
    return (
      stream.queuedBytes === 0 &&
      bytes <= stream.sendWindow &&
      bytes <= this.#window &&
      !this.#isBlocked &&
      this.#output.bytes < OUTPUT_LIMIT_BYTES
    )
  }

  #enqueue(stream: H2Stream, buffer: Buffer, start: number, end: number): void {
    const bytes = end - start
    const isSmallPart = bytes * RETAIN_RATIO < buffer.buffer.byteLength
    if (isSmallPart) stream.queue.push({ buffer: Buffer.from(buffer.subarray(start, end)), start: 0, end: bytes })
    else stream.queue.push({ buffer, start, end })
    stream.queuedBytes += bytes
    this.#schedule(stream)
    this.pump()
  }

  /** At most one frame's worth of the stream's queue. */
  #sendTurn(stream: H2Stream): void {
    let budget = Math.min(this.maxFrameBytes, stream.sendWindow, this.#window)
    let sent = 0
    while (budget > 0) {
      const piece = stream.queue[0]
      if (piece === undefined) break
      const bytes = Math.min(budget, piece.end - piece.start)
      this.#output.data(stream.id, this.maxFrameBytes, piece.buffer, piece.start, piece.start + bytes)
      piece.start += bytes
      budget -= bytes
      sent += bytes
      if (piece.start === piece.end) stream.queue.shift()
    }
    stream.queuedBytes -= sent
    stream.sendWindow -= sent
    this.#window -= sent
    if (sent > 0) this.#onOutput()
  }

  #schedule(stream: H2Stream): void {
    if (stream.isScheduled) return
    stream.isScheduled = true
    this.#scheduled.push(stream)
  }
}
