/**
 * One HTTP/2 connection (RFC 9113) as bytes in and bytes out: fed with what a socket read, it calls back synchronously
 * for everything complete in it, and keeps what is to be written until its owner takes it. No socket, no timer and no
 * notion of what the streams carry may ever enter this room.
 */
import { HpackDecoder } from '../hpack/decoder.ts'
import { HpackEncoder } from '../hpack/encoder.ts'
import * as h2 from './constants.ts'
import { checkRequestFields, checkResponseFields, checkTrailerFields } from './fields.ts'
import { FrameReader } from './frame-reader.ts'
import type { DataPiece, FrameSink } from './frame-reader.ts'
import { HeaderAssembler } from './header-block.ts'
import type { HeaderBlock } from './header-block.ts'
import { FrameOutput } from './output.ts'
import { H2Sender } from './sender.ts'
import { applySettings, defaultOwnSettings, defaultPeerSettings, encodeOwnSettings } from './settings.ts'
import type { OwnSettings } from './settings.ts'
import { H2Stream, ignoreStream } from './stream.ts'
import type { StreamHandler } from './stream.ts'

/** What the owner of a connection is told, synchronously. */
export interface ConnectionHandler {
  /** There is output to take; called once until it is taken. */
  readonly onOutput: () => void
  /** A request came (server); whoever is returned hears of the stream from then on. */
  readonly onStream: (stream: H2Stream, fields: string[], isEnd: boolean) => StreamHandler
  /** The peer will take no new streams; those above `lastStreamId` have been reset with REFUSED_STREAM already. */
  readonly onGoaway: (lastStreamId: number, code: number) => void
  /** The peer's settings arrived or changed. */
  readonly onSettings: () => void
  /** A PING of ours was answered. */
  readonly onPong: () => void
  /** A stream is over: its place is free. */
  readonly onStreamClosed: () => void
  /** The connection is unusable; a GOAWAY is in the output, and every stream has been told. */
  readonly onFailure: (code: number, message: string) => void
}

export interface ConnectionOptions {
  readonly role: 'server' | 'client'
  readonly settings?: Partial<OwnSettings>
  /** Frames that cost us more than the peer, allowed between two calls of `forgive`; default 4,000. */
  readonly nuisanceLimit?: number
}

const DEFAULT_NUISANCE_LIMIT = 4000

export class H2Connection implements FrameSink {
  readonly #role: 'server' | 'client'
  readonly #handler: ConnectionHandler
  readonly #own: OwnSettings
  readonly #peer = defaultPeerSettings()
  readonly #reader: FrameReader
  readonly #output = new FrameOutput()
  readonly #sender: H2Sender
  readonly #encoder = new HpackEncoder()
  readonly #assembler: HeaderAssembler
  readonly #streams = new Map<number, H2Stream>()
  readonly #nuisanceLimit: number
  #current: H2Stream | undefined
  #recvWindow = h2.DEFAULT_WINDOW_BYTES
  #nextStreamId = 1
  #lastPeerStreamId = 0
  /** Streams above this one are refused once a final GOAWAY is out. */
  #goawayLimit = Number.POSITIVE_INFINITY
  #nuisance = 0
  #hasSettings = false
  #isDirty = false
  #state: 'open' | 'closing' | 'failed' = 'open'

  constructor(handler: ConnectionHandler, options: ConnectionOptions) {
    this.#handler = handler
    this.#role = options.role
    this.#own = { ...defaultOwnSettings, ...options.settings }
    this.#nuisanceLimit = options.nuisanceLimit ?? DEFAULT_NUISANCE_LIMIT
    this.#reader = new FrameReader(this, { expectPreface: options.role === 'server' })
    this.#assembler = new HeaderAssembler(new HpackDecoder({ maxListBytes: this.#own.maxHeaderListBytes }))
    this.#sender = new H2Sender({
      output: this.#output,
      encoder: this.#encoder,
      onOutput: () => this.#wantOutput(),
      onLocalEnd: (stream) => this.#closeLocal(stream),
    })
  }

  /** Streams that are open in either direction. */
  get openStreams(): number {
    return this.#streams.size
  }

  /** How many more streams may be opened (client); 0 while closing. */
  get freeStreams(): number {
    if (this.#state !== 'open' || this.#nextStreamId > 0x7fff_0000) return 0
    return Math.min(this.#peer.maxConcurrentStreams, 0x7fff_ffff) - this.#streams.size
  }

  /** True once the peer's first SETTINGS arrived. */
  get hasSettings(): boolean {
    return this.#hasSettings
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  get outputBytes(): number {
    return this.#output.bytes
  }

  /** Sends the preface; once, before anything else. */
  start(): void {
    if (this.#role === 'client') this.#output.preface(h2.CLIENT_PREFACE)
    this.#output.settings(encodeOwnSettings(this.#own, this.#role === 'client'))
    const extra = this.#own.connectionWindowBytes - h2.DEFAULT_WINDOW_BYTES
    if (extra > 0) this.#output.windowUpdate(0, extra)
    this.#recvWindow = this.#own.connectionWindowBytes
    this.#wantOutput()
  }

  feed(chunk: Buffer): void {
    if (this.#state !== 'failed') this.#reader.feed(chunk, 0, chunk.length)
  }

  /** Everything encoded since the last call, in memory of its own. */
  take(): Buffer {
    this.#isDirty = false
    return this.#output.take()
  }

  /** To be called after each write: whether the socket can take more. Queued bodies move on when it can. */
  setBlocked(isBlocked: boolean): void {
    this.#sender.setBlocked(isBlocked)
  }

  /** Opens a stream (client); check `freeStreams` before. */
  open(fields: readonly string[], handler: StreamHandler, isEnd: boolean): H2Stream {
    const stream = this.#createStream(this.#nextStreamId, handler)
    this.#nextStreamId += 2
    this.#sender.headers(stream, fields, isEnd)
    return stream
  }

  /** Sends a response head, or trailers when it ends the stream. */
  headers(stream: H2Stream, fields: readonly string[], isEnd: boolean): void {
    if (!stream.isReset && !stream.isLocalClosed) this.#sender.headers(stream, fields, isEnd)
  }

  /** Sends or queues body bytes; true when nothing had to queue, else `onDrain` follows. */
  data(stream: H2Stream, buffer: Buffer, start: number, end: number): boolean {
    return stream.isReset || stream.isLocalClosed || this.#sender.data(stream, buffer, start, end)
  }

  /** Sends or queues Latin-1 text. */
  text(stream: H2Stream, text: string): boolean {
    return stream.isReset || stream.isLocalClosed || this.#sender.text(stream, text)
  }

  /** Ends our direction behind everything that is queued. */
  end(stream: H2Stream): void {
    if (!stream.isReset && !stream.isLocalClosed) this.#sender.end(stream)
  }

  /** Ends both directions at once; what was queued is dropped. The handler hears nothing more. */
  reset(stream: H2Stream, code: number): void {
    if (stream.isReset || stream.isClosed) return
    stream.handler = ignoreStream
    this.#output.resetStream(stream.id, code)
    this.#wantOutput()
    this.#remove(stream)
  }

  /** Gives back window for bytes that the other side has accepted. */
  consume(stream: H2Stream, bytes: number): void {
    stream.recvUncredited += bytes
    if (stream.recvUncredited < this.#own.streamWindowBytes >> 1 || stream.isRemoteClosed || stream.isReset) return
    this.#output.windowUpdate(stream.id, stream.recvUncredited)
    stream.recvWindow += stream.recvUncredited
    stream.recvUncredited = 0
    this.#wantOutput()
  }

  ping(): void {
    this.#output.ping(Buffer.from('fairway!', 'latin1'), false)
    this.#wantOutput()
  }

  /** First step of a graceful end: the peer opens no new streams from here on, those it opened meanwhile are served. */
  announceShutdown(): void {
    if (this.#state === 'failed') return
    this.#output.goaway(0x7fff_ffff, h2.NO_ERROR, '')
    this.#wantOutput()
  }

  /** Second step: streams that come now are ignored. */
  shutdown(): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#goawayLimit = this.#lastPeerStreamId
    this.#output.goaway(this.#lastPeerStreamId, h2.NO_ERROR, '')
    this.#wantOutput()
  }

  /** Tells every stream that the connection is gone (the socket closed, say). */
  abort(code: number): void {
    if (this.#state === 'failed') return
    this.#state = 'failed'
    this.#reader.stop()
    this.#abandonStreams(code)
  }

  /** To be called about once a second: what a peer may do in a burst is counted from here anew. */
  forgive(): void {
    this.#nuisance = 0
  }

  onFrameError(code: number, message: string): void {
    this.#fail(code, message)
  }

  onData(piece: DataPiece): void {
    const { streamId, frameBytes } = piece
    if (this.#assembler.streamId !== 0) return this.#fail(h2.PROTOCOL_ERROR, 'DATA inside a header block')
    let stream = this.#current
    if (stream === undefined || stream.id !== streamId) stream = this.#streams.get(streamId)
    if (frameBytes > 0 && !this.#charge(stream, frameBytes)) return
    if (stream === undefined || stream.isRemoteClosed) return this.#onStrayData(streamId, stream)
    this.#current = stream
    const isEnd = piece.isLast && (piece.flags & h2.FLAG_END_STREAM) !== 0
    if (piece.end > piece.start) stream.handler.onData(piece.buffer, piece.start, piece.end)
    else if (!isEnd) this.#annoy(1)
    if (isEnd) this.#endRemote(stream)
  }

  onFrame(type: number, flags: number, streamId: number, buffer: Buffer, start: number, end: number): void {
    const payload = buffer.subarray(start, end)
    if (this.#assembler.streamId !== 0 && type !== h2.FRAME_CONTINUATION) {
      return this.#fail(h2.PROTOCOL_ERROR, 'a frame inside a header block')
    }
    if (!this.#hasSettings && type !== h2.FRAME_SETTINGS) {
      return this.#fail(h2.PROTOCOL_ERROR, 'the first frame is not SETTINGS')
    }
    switch (type) {
      case h2.FRAME_DATA:
        return this.#onPaddedData(flags, streamId, payload)
      case h2.FRAME_HEADERS:
        if (streamId === 0) return this.#fail(h2.PROTOCOL_ERROR, 'HEADERS on stream 0')
        return this.#onBlock(streamId, this.#assembler.begin(streamId, flags, payload))
      case h2.FRAME_CONTINUATION:
        return this.#onBlock(streamId, this.#assembler.continue(streamId, flags, payload))
      case h2.FRAME_PRIORITY:
        return this.#onPriority(streamId, payload)
      case h2.FRAME_RST_STREAM:
        return this.#onReset(streamId, payload)
      case h2.FRAME_SETTINGS:
        return this.#onSettings(flags, streamId, payload)
      case h2.FRAME_PUSH_PROMISE:
        return this.#fail(h2.PROTOCOL_ERROR, 'PUSH_PROMISE although push is off')
      case h2.FRAME_PING:
        return this.#onPing(flags, streamId, payload)
      case h2.FRAME_GOAWAY:
        return this.#onGoaway(streamId, payload)
      case h2.FRAME_WINDOW_UPDATE:
        return this.#onWindowUpdate(streamId, payload)
      default: // Unknown types must be ignored (RFC 9113 section 4.1).
        this.#annoy(1)
    }
  }

  #createStream(id: number, handler: StreamHandler): H2Stream {
    const windows = { send: this.#peer.initialWindowBytes, receive: this.#own.streamWindowBytes }
    const stream = new H2Stream(id, handler, windows)
    this.#streams.set(id, stream)
    return stream
  }

  /** Takes a DATA frame's length off both windows; the connection's is given back at once (engine.md, rule 7). */
  #charge(stream: H2Stream | undefined, bytes: number): boolean {
    this.#recvWindow -= bytes
    if (this.#recvWindow < 0) {
      this.#fail(h2.FLOW_CONTROL_ERROR, 'the connection window was overrun')
      return false
    }
    const full = this.#own.connectionWindowBytes
    if (this.#recvWindow < full >> 1) {
      this.#output.windowUpdate(0, full - this.#recvWindow)
      this.#recvWindow = full
      this.#wantOutput()
    }
    if (stream === undefined) return true
    stream.recvWindow -= bytes
    if (stream.recvWindow >= 0) return true
    this.#resetByUs(stream, h2.FLOW_CONTROL_ERROR)
    return false
  }

  #onPaddedData(flags: number, streamId: number, payload: Buffer): void {
    const stream = this.#streams.get(streamId)
    if (!this.#charge(stream, payload.length)) return
    const padding = payload[0] ?? 0
    if (payload.length < 1 || padding >= payload.length) {
      return this.#fail(h2.PROTOCOL_ERROR, 'DATA padding exceeds the frame')
    }
    if (stream === undefined || stream.isRemoteClosed) return this.#onStrayData(streamId, stream)
    const end = payload.length - padding
    // Nobody will consume the padding, so its share of the window goes back here.
    this.consume(stream, payload.length - end + 1)
    if (end > 1) stream.handler.onData(Buffer.from(payload.subarray(1, end)), 0, end - 1)
    else this.#annoy(1)
    if ((flags & h2.FLAG_END_STREAM) !== 0) this.#endRemote(stream)
  }

  /** DATA for a stream that takes none: an error if it never was, or ended; else in flight when we reset it. */
  #onStrayData(streamId: number, stream: H2Stream | undefined): void {
    if (streamId === 0 || this.#isIdle(streamId)) {
      return this.#fail(h2.PROTOCOL_ERROR, `DATA on idle stream ${streamId}`)
    }
    if (stream !== undefined) return this.#resetByUs(stream, h2.STREAM_CLOSED)
    this.#annoy(1)
  }

  #onBlock(streamId: number, block: HeaderBlock): void {
    if (block.kind === 'partial') return
    if (block.kind === 'error') return this.#fail(block.code, block.message)
    const { result } = block
    if (result.kind === 'compression') return this.#fail(h2.COMPRESSION_ERROR, result.message)
    const isEnd = (this.#assembler.flags & h2.FLAG_END_STREAM) !== 0
    const stream = this.#streams.get(streamId)
    if (stream !== undefined) return this.#onMoreHeaders(stream, result, isEnd)
    if (this.#role === 'client') {
      if (this.#isIdle(streamId)) this.#fail(h2.PROTOCOL_ERROR, `HEADERS on idle stream ${streamId}`)
      return
    }
    this.#onRequest(streamId, result, isEnd)
  }

  #onRequest(streamId: number, result: { kind: string; fields: string[] }, isEnd: boolean): void {
    if ((streamId & 1) === 0) return this.#fail(h2.PROTOCOL_ERROR, 'a client stream of even number')
    // A number that was skipped is closed; one that was used may still have frames in flight after our reset.
    if (streamId <= this.#lastPeerStreamId) return this.#fail(h2.STREAM_CLOSED, `HEADERS on closed stream ${streamId}`)
    if (streamId > this.#goawayLimit) return
    this.#lastPeerStreamId = streamId
    const code = this.#refusal(result)
    if (code !== undefined) {
      this.#annoy(1)
      this.#output.resetStream(streamId, code)
      return this.#wantOutput()
    }
    const stream = this.#createStream(streamId, ignoreStream)
    stream.hasHeaders = true
    stream.isRemoteClosed = isEnd
    stream.handler = this.#handler.onStream(stream, result.fields, isEnd)
  }

  #refusal(result: { kind: string; fields: string[] }): number | undefined {
    if (this.#streams.size >= this.#own.maxConcurrentStreams) return h2.REFUSED_STREAM
    if (result.kind === 'too-large') return h2.ENHANCE_YOUR_CALM
    return checkRequestFields(result.fields) === undefined ? undefined : h2.PROTOCOL_ERROR
  }

  /** A response head, interim ones included, or trailers. */
  #onMoreHeaders(stream: H2Stream, result: { kind: string; fields: string[] }, isEnd: boolean): void {
    if (stream.isRemoteClosed) return this.#resetByUs(stream, h2.STREAM_CLOSED)
    const isHead = this.#role === 'client' && !stream.hasHeaders
    const wrong = isHead ? checkResponseFields(result.fields) : checkTrailerFields(result.fields)
    const isMalformed = wrong !== undefined || result.kind === 'too-large' || (!isHead && !isEnd)
    if (isMalformed) return this.#resetByUs(stream, h2.PROTOCOL_ERROR)
    const isInterim = isHead && (result.fields[1] ?? '').startsWith('1')
    if (isInterim && isEnd) return this.#resetByUs(stream, h2.PROTOCOL_ERROR)
    if (isInterim) this.#annoy(1)
    stream.hasHeaders = !isInterim
    stream.handler.onHeaders(result.fields, isEnd)
    if (isEnd) this.#endRemote(stream)
  }

  #onPriority(streamId: number, payload: Buffer): void {
    if (streamId === 0) return this.#fail(h2.PROTOCOL_ERROR, 'PRIORITY on stream 0')
    if (payload.length !== 5) return this.#fail(h2.FRAME_SIZE_ERROR, 'PRIORITY is not 5 bytes long')
    if ((payload.readUInt32BE(0) & 0x7fff_ffff) === streamId) {
      return this.#fail(h2.PROTOCOL_ERROR, 'a stream depends on itself')
    }
    this.#annoy(1)
  }

  #onReset(streamId: number, payload: Buffer): void {
    if (payload.length !== 4) return this.#fail(h2.FRAME_SIZE_ERROR, 'RST_STREAM is not 4 bytes long')
    if (streamId === 0 || this.#isIdle(streamId)) return this.#fail(h2.PROTOCOL_ERROR, 'RST_STREAM on an idle stream')
    this.#annoy(1)
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return
    const { handler } = stream
    this.#remove(stream)
    handler.onReset(payload.readUInt32BE(0))
  }

  #onSettings(flags: number, streamId: number, payload: Buffer): void {
    if (streamId !== 0) return this.#fail(h2.PROTOCOL_ERROR, 'SETTINGS on a stream')
    if ((flags & h2.FLAG_ACK) !== 0) {
      if (payload.length > 0) this.#fail(h2.FRAME_SIZE_ERROR, 'a SETTINGS answer with a payload')
      else if (!this.#hasSettings) this.#fail(h2.PROTOCOL_ERROR, 'the first SETTINGS is an answer')
      return
    }
    const before = this.#peer.initialWindowBytes
    const wrong = applySettings(this.#peer, payload)
    if (wrong !== undefined) return this.#fail(wrong.code, wrong.message)
    if (this.#hasSettings) this.#annoy(1 + payload.length / 6)
    this.#hasSettings = true
    this.#encoder.setMaxTableBytes(this.#peer.headerTableBytes)
    this.#sender.maxFrameBytes = Math.min(this.#peer.maxFrameBytes, h2.DEFAULT_FRAME_BYTES)
    this.#output.settingsAck()
    this.#wantOutput()
    const change = this.#peer.initialWindowBytes - before
    if (change !== 0) {
      for (const stream of this.#streams.values()) {
        if (!this.#sender.creditStream(stream, change)) {
          return this.#fail(h2.FLOW_CONTROL_ERROR, 'SETTINGS_INITIAL_WINDOW_SIZE overflows a stream window')
        }
      }
    }
    this.#handler.onSettings()
  }

  #onPing(flags: number, streamId: number, payload: Buffer): void {
    if (streamId !== 0) return this.#fail(h2.PROTOCOL_ERROR, 'PING on a stream')
    if (payload.length !== 8) return this.#fail(h2.FRAME_SIZE_ERROR, 'PING is not 8 bytes long')
    if ((flags & h2.FLAG_ACK) !== 0) return this.#handler.onPong()
    this.#annoy(1)
    this.#output.ping(payload, true)
    this.#wantOutput()
  }

  #onGoaway(streamId: number, payload: Buffer): void {
    if (streamId !== 0) return this.#fail(h2.PROTOCOL_ERROR, 'GOAWAY on a stream')
    if (payload.length < 8) return this.#fail(h2.FRAME_SIZE_ERROR, 'GOAWAY is shorter than 8 bytes')
    const lastStreamId = payload.readUInt32BE(0) & 0x7fff_ffff
    if (this.#state === 'open') this.#state = 'closing'
    if (this.#role === 'client') {
      for (const stream of this.#streams.values()) {
        if (stream.id <= lastStreamId) continue
        const { handler } = stream
        this.#remove(stream)
        handler.onReset(h2.REFUSED_STREAM)
      }
    }
    this.#handler.onGoaway(lastStreamId, payload.readUInt32BE(4))
  }

  #onWindowUpdate(streamId: number, payload: Buffer): void {
    if (payload.length !== 4) return this.#fail(h2.FRAME_SIZE_ERROR, 'WINDOW_UPDATE is not 4 bytes long')
    const bytes = payload.readUInt32BE(0) & 0x7fff_ffff
    if (streamId === 0) {
      if (bytes === 0) return this.#fail(h2.PROTOCOL_ERROR, 'WINDOW_UPDATE of 0')
      if (!this.#sender.credit(bytes)) this.#fail(h2.FLOW_CONTROL_ERROR, 'the connection window overflows')
      return
    }
    if (this.#isIdle(streamId)) return this.#fail(h2.PROTOCOL_ERROR, `WINDOW_UPDATE on idle stream ${streamId}`)
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return
    if (bytes === 0) return this.#resetByUs(stream, h2.PROTOCOL_ERROR)
    if (!this.#sender.creditStream(stream, bytes)) this.#resetByUs(stream, h2.FLOW_CONTROL_ERROR)
  }

  #isIdle(streamId: number): boolean {
    const isOurs = ((streamId & 1) === 1) === (this.#role === 'client')
    return isOurs ? streamId >= this.#nextStreamId : streamId > this.#lastPeerStreamId
  }

  /** Counts what costs us more than the peer: floods of it end the connection, ordinary use never gets near. */
  #annoy(points: number): void {
    this.#nuisance += points
    if (this.#nuisance > this.#nuisanceLimit) this.#fail(h2.ENHANCE_YOUR_CALM, 'too many frames that carry nothing')
  }

  #endRemote(stream: H2Stream): void {
    if (stream.isReset) return
    stream.isRemoteClosed = true
    const { handler } = stream
    if (stream.isLocalClosed) this.#remove(stream)
    handler.onEnd()
  }

  #closeLocal(stream: H2Stream): void {
    stream.isLocalClosed = true
    if (stream.isRemoteClosed) this.#remove(stream)
  }

  /** A stream error (RFC 9113 section 5.4.2): told to the peer and to the owner. */
  #resetByUs(stream: H2Stream, code: number): void {
    this.#output.resetStream(stream.id, code)
    this.#wantOutput()
    const { handler } = stream
    this.#remove(stream)
    handler.onReset(code)
  }

  #remove(stream: H2Stream): void {
    if (!stream.isClosed) stream.isReset = true
    this.#sender.drop(stream)
    if (this.#current === stream) this.#current = undefined
    if (this.#streams.delete(stream.id)) this.#handler.onStreamClosed()
  }

  #abandonStreams(code: number): void {
    for (const stream of this.#streams.values()) {
      const { handler } = stream
      this.#remove(stream)
      handler.onReset(code)
    }
  }

  #fail(code: number, message: string): void {
    if (this.#state === 'failed') return
    this.#state = 'failed'
    this.#reader.stop()
    this.#output.goaway(this.#lastPeerStreamId, code, message)
    this.#wantOutput()
    this.#abandonStreams(code)
    this.#handler.onFailure(code, message)
  }

  #wantOutput(): void {
    if (this.#isDirty) return
    this.#isDirty = true
    this.#handler.onOutput()
  }
}
