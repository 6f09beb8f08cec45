import type { HpackEncoder } from '../hpack/encoder.ts'
import { DEFAULT_FRAME_BYTES, DEFAULT_WINDOW_BYTES, MAX_WINDOW_BYTES } from './constants.ts'
import { BufferPool } from './frames/buffer-pool.ts'
import type { FrameOutput } from './frames/output.ts'
import type { H2Stream } from './stream.ts'

/** Encoded bytes after which bodies wait in their queues instead: bounds what one socket holds, and so how long others wait. */
const OUTPUT_LIMIT_BYTES = 256 * 1024
/** A larger piece always takes turns with the other streams. */
const PASS_LIMIT_BYTES = 64 * 1024
/** Less than this of a longer queue in one frame costs more than it brings. */
const SLIVER_BYTES = 64
/** What a queue begins with, and what it goes on in. */
const MIN_CHUNK_BYTES = 256
const MAX_CHUNK_BYTES = 16 * 1024
/** Of all connections; 4 MB of them stay when nothing is queued. */
const chunks = new BufferPool(MAX_CHUNK_BYTES, 256)

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
  #isPumping = false
  maxFrameBytes = DEFAULT_FRAME_BYTES
  /** Frames that a mere sliver of window had us make, until somebody charges the peer for them. */
  slivers = 0

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

  /** Sends a header block; one that ends the stream waits behind the body that is queued. */
  headers(stream: H2Stream, fields: readonly string[], isEnd: boolean): void {
    if (stream.isEndQueued) return
    if (isEnd && stream.queuedBytes > 0) {
      stream.isEndQueued = true
      stream.queuedTrailers = fields
      return
    }
    this.#output.headers(stream.id, fields, isEnd, { encoder: this.#encoder, maxFrameBytes: this.maxFrameBytes })
    this.#onOutput()
    if (isEnd) this.#onLocalEnd(stream)
  }

  /** Sends or queues a copy of `buffer[start..end)`. True when all of it was encoded at once. */
  data(stream: H2Stream, buffer: Buffer, start: number, end: number): boolean {
    const bytes = end - start
    if (bytes === 0) return stream.queuedBytes === 0
    if (!this.#mayPass(stream, bytes)) return this.#enqueue(stream, buffer, start, end)
    this.#window -= bytes
    stream.sendWindow -= bytes
    stream.hasSent = true
    this.#output.data(stream.id, this.maxFrameBytes, buffer, start, end)
    this.#onOutput()
    return true
  }

  /** Sends or queues Latin-1 text. */
  text(stream: H2Stream, text: string): boolean {
    const bytes = text.length
    if (bytes === 0 || bytes > this.maxFrameBytes || !this.#mayPass(stream, bytes)) {
      return this.data(stream, Buffer.from(text, 'latin1'), 0, bytes)
    }
    this.#window -= bytes
    stream.sendWindow -= bytes
    stream.hasSent = true
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
    if (stream.queue.length > 0) {
      for (const piece of stream.queue) chunks.give(piece.buffer)
      stream.queue = []
    }
    stream.queuedBytes = 0
    stream.isEndQueued = false
    stream.queuedTrailers = undefined
    stream.isDrainOwed = false
    // A peer that gives no window and resets its streams must not leave them all here.
    if (stream.isScheduled) this.#scheduled.splice(this.#scheduled.indexOf(stream), 1)
    stream.isScheduled = false
  }

  /** The peer's WINDOW_UPDATE for the connection; false when the window overflows. */
  credit(bytes: number): boolean {
    if (this.#window + bytes > MAX_WINDOW_BYTES) return false
    this.#window += bytes
    this.#pump()
    return true
  }

  /** The peer's WINDOW_UPDATE for a stream; false when the window overflows. */
  creditStream(stream: H2Stream, bytes: number): boolean {
    if (!this.#shiftWindow(stream, bytes)) return false
    this.#pump()
    return true
  }

  /**
   * A change of the peer's initial window, which may be negative and counts for all its streams (RFC 9113 section
   * 6.9.2); false when a window overflows. All change before any sends, since owners that drain may open streams.
   */
  shiftWindows(streams: Iterable<H2Stream>, bytes: number): boolean {
    for (const stream of streams) if (!this.#shiftWindow(stream, bytes)) return false
    this.#pump()
    return true
  }

  /** While the socket is full nothing but control frames is encoded. */
  setBlocked(isBlocked: boolean): void {
    this.#isBlocked = isBlocked
    if (!isBlocked && this.#scheduled.length > 0) this.#pump()
  }

  #mayPass(stream: H2Stream, bytes: number): boolean {
    return (
      stream.queuedBytes === 0 &&
      this.#scheduled.length === 0 &&
      bytes <= stream.sendWindow &&
      bytes <= this.#window &&
      bytes <= PASS_LIMIT_BYTES &&
      !this.#isBlocked &&
      this.#output.bytes < OUTPUT_LIMIT_BYTES
    )
  }

  #shiftWindow(stream: H2Stream, bytes: number): boolean {
    if (stream.sendWindow + bytes > MAX_WINDOW_BYTES) return false
    stream.sendWindow += bytes
    if (stream.queuedBytes > 0 && stream.sendWindow > 0) this.#schedule(stream)
    return true
  }

  /** Lets waiting streams send, one frame each in turn, until window, socket or queues end. */
  #pump(): void {
    // An owner that drains may send, and so come here again: the loop that is already running takes it from there.
    if (this.#isPumping) return
    this.#isPumping = true
    const scheduled = this.#scheduled
    try {
      while (scheduled.length > 0 && !this.#isBlocked && this.#window > 0 && this.#output.bytes < OUTPUT_LIMIT_BYTES) {
        const stream = scheduled.shift()
        if (stream === undefined) return
        stream.isScheduled = false
        this.#sendTurn(stream)
        if (stream.queuedBytes === 0) this.#finishQueue(stream)
        else if (stream.sendWindow > 0) this.#schedule(stream)
      }
    } finally {
      this.#isPumping = false
    }
  }

  #finishQueue(stream: H2Stream): void {
    const { handler, queuedTrailers, isEndQueued, isDrainOwed } = stream
    stream.isEndQueued = false
    stream.queuedTrailers = undefined
    stream.isDrainOwed = false
    if (queuedTrailers !== undefined) this.headers(stream, queuedTrailers, true)
    else if (isEndQueued) this.end(stream)
    if (isDrainOwed) handler.onDrain()
  }

  #enqueue(stream: H2Stream, buffer: Buffer, start: number, end: number): boolean {
    if (stream.isEndQueued) return true
    this.#append(stream, buffer, start, end)
    stream.queuedBytes += end - start
    if (stream.sendWindow > 0) this.#schedule(stream)
    this.#pump()
    if (stream.queuedBytes === 0) return true
    stream.isDrainOwed = true
    return false
  }

  /**
   * What is queued is copied, together with its neighbours: else a peer that sends a byte per frame would have us keep an
   * object for each, and a whole read alive for a few bytes of it.
   */
  #append(stream: H2Stream, buffer: Buffer, start: number, end: number): void {
    const { queue } = stream
    let at = start
    while (at < end) {
      let last = queue.at(-1)
      if (last === undefined || last.end === last.buffer.length) {
        const wanted = Math.max(end - at, stream.queuedBytes + at - start, MIN_CHUNK_BYTES)
        const chunk = wanted >= MAX_CHUNK_BYTES ? chunks.take() : Buffer.allocUnsafeSlow(wanted)
        last = { buffer: chunk, start: 0, end: 0 }
        queue.push(last)
      }
      const bytes = buffer.copy(last.buffer, last.end, at, end)
      last.end += bytes
      at += bytes
    }
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
      if (piece.start === piece.end) {
        stream.queue.shift()
        chunks.give(piece.buffer)
      }
    }
    stream.queuedBytes -= sent
    stream.sendWindow -= sent
    this.#window -= sent
    if (sent === 0) return
    stream.hasSent = true
    if (sent < SLIVER_BYTES && stream.queuedBytes > 0) this.slivers++
    this.#onOutput()
  }

  #schedule(stream: H2Stream): void {
    if (stream.isScheduled) return
    stream.isScheduled = true
    this.#scheduled.push(stream)
  }
}
