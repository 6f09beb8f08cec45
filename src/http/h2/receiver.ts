import * as h2 from './constants.ts'
import { onControlFrame } from './control-frames.ts'
import { checkRequestFields, checkResponseFields, checkTrailerFields, findField, readContentLength } from './fields.ts'
import type { DataPiece, FrameSink } from './frames/frame-reader.ts'
import { HeaderAssembler } from './frames/header-block.ts'
import type { HeaderBlock } from './frames/header-block.ts'
import { withoutGrpcBlanks } from './grpc-blanks.ts'
import { MISTAKE_POINTS } from './session.ts'
import type { H2Session } from './session.ts'
import { H2Stream, ignoreStream } from './stream.ts'

/** A DATA frame with less than this costs more than it brings, though it may well be what an interactive tunnel needs. */
const SMALL_DATA_BYTES = 32
/** What is too large has to be decoded nevertheless, or the tables would be out of step: this much for one point. */
const BLOCK_BYTES_PER_POINT = 256

const BAD_LENGTH = 'a content-length that is none, differs from another, or promises what does not come'

/** A header block once it is decoded. */
interface Head {
  readonly kind: 'ok' | 'too-large'
  readonly fields: string[]
  readonly neverIndexed?: readonly string[]
}

/** The receiving half of a connection: bodies and header blocks, and what a message may look like. */
export class H2Receiver implements FrameSink {
  readonly #session: H2Session
  readonly #assembler: HeaderAssembler
  #window = h2.DEFAULT_WINDOW_BYTES
  /** The last head that was good: the next one is mostly like it. */
  #known: readonly string[] = []

  constructor(session: H2Session) {
    this.#session = session
    this.#assembler = new HeaderAssembler(session.decoder)
    this.#window = session.fullWindowBytes
  }

  /** The stream whose header block has begun and not ended; 0 for none. */
  get unfinishedHeaders(): number {
    return this.#assembler.streamId
  }

  onFrameError(code: number, message: string): void {
    this.#session.fail(code, message)
  }

  onData(piece: DataPiece): void {
    const session = this.#session
    const { streamId, frameBytes } = piece
    if (this.#assembler.streamId !== 0) return session.fail(h2.PROTOCOL_ERROR, 'DATA inside a header block')
    let stream = session.current
    if (stream === undefined || stream.id !== streamId) {
      stream = session.streams.get(streamId)
      session.current = stream
    }
    if (frameBytes > 0) {
      if (frameBytes < SMALL_DATA_BYTES && !session.chargeSmallData()) return
      if (!this.#charge(stream, frameBytes)) return
    }
    this.#deliver(stream, piece)
  }

  #deliver(stream: H2Stream | undefined, piece: DataPiece): void {
    const session = this.#session
    if (stream === undefined || stream.isRemoteClosed || !stream.hasHeaders) return this.#onStrayData(piece, stream)
    const bytes = piece.end - piece.start
    const isEnd = piece.isLast && (piece.flags & h2.FLAG_END_STREAM) !== 0
    if (stream.bodyRemaining >= 0 && !this.#countBody(stream, bytes, isEnd)) return
    if (bytes > 0) stream.handler.onData(piece.buffer, piece.start, piece.end)
    else if (!isEnd) session.annoy(1)
    if (isEnd) session.endRemote(stream)
  }

  onFrame(type: number, flags: number, streamId: number, buffer: Buffer, start: number, end: number): void {
    const session = this.#session
    if (this.#assembler.streamId !== 0 && type !== h2.FRAME_CONTINUATION) {
      return session.fail(h2.PROTOCOL_ERROR, 'a frame inside a header block')
    }
    if (!session.hasSettings && type !== h2.FRAME_SETTINGS) {
      return session.fail(h2.PROTOCOL_ERROR, 'the first frame is not SETTINGS')
    }
    if (type === h2.FRAME_HEADERS) {
      if (streamId === 0) return session.fail(h2.PROTOCOL_ERROR, 'HEADERS on stream 0')
      return this.#onBlock(streamId, this.#assembler.begin(streamId, flags, buffer, start, end))
    }
    const payload = buffer.subarray(start, end)
    switch (type) {
      case h2.FRAME_DATA:
        return this.#onPaddedData(flags, streamId, payload)
      case h2.FRAME_CONTINUATION:
        return this.#onBlock(streamId, this.#assembler.continue(streamId, flags, payload))
      default:
        return onControlFrame(session, { type, flags, streamId, payload })
    }
  }

  /** Takes a DATA frame's length off both windows; the connection's is given back at once (engine.md, rule 7). */
  #charge(stream: H2Stream | undefined, bytes: number): boolean {
    const session = this.#session
    this.#window -= bytes
    if (this.#window < 0) {
      session.fail(h2.FLOW_CONTROL_ERROR, 'the connection window was overrun')
      return false
    }
    const full = session.fullWindowBytes
    if (this.#window < full >> 1) {
      session.output.windowUpdate(0, full - this.#window)
      this.#window = full
      session.wantOutput()
    }
    if (stream === undefined) return true
    stream.recvWindow -= bytes
    if (stream.recvWindow >= 0) return true
    session.resetByError(stream, h2.FLOW_CONTROL_ERROR, 'the window of the stream was overrun')
    return false
  }

  /** Holds a body against its Content-Length: a different size is malformed (RFC 9113 section 8.1.1). */
  #countBody(stream: H2Stream, bytes: number, isEnd: boolean): boolean {
    stream.bodyRemaining -= bytes
    if (stream.bodyRemaining >= 0 && (!isEnd || stream.bodyRemaining === 0)) return true
    this.#session.resetByError(stream, h2.PROTOCOL_ERROR, 'a body that is not as long as its content-length')
    return false
  }

  /** A padded frame comes whole, so its body is passed on as if it were the one piece of an unpadded frame. */
  #onPaddedData(flags: number, streamId: number, payload: Buffer): void {
    const padding = payload[0] ?? 0
    if (payload.length < 1 || padding >= payload.length) {
      return this.#session.fail(h2.PROTOCOL_ERROR, 'DATA padding exceeds the frame')
    }
    const stream = this.#session.streams.get(streamId)
    const end = payload.length - padding
    if (end - 1 < SMALL_DATA_BYTES && !this.#session.chargeSmallData()) return
    if (!this.#charge(stream, payload.length)) return
    // Nobody will consume the padding, so its share of the window goes back here.
    if (stream !== undefined) this.credit(stream, padding + 1)
    this.#deliver(stream, { streamId, flags, frameBytes: payload.length, isLast: true, buffer: payload, start: 1, end })
  }

  /** Gives back stream window once half of it waits to be given. */
  credit(stream: H2Stream, bytes: number): void {
    stream.recvUncredited += bytes
    if (stream.recvUncredited >= this.#session.own.streamWindowBytes >> 1) this.refill(stream)
  }

  /** Gives back what waits to be given, however little. */
  refill(stream: H2Stream): void {
    const session = this.#session
    if (stream.recvUncredited === 0 || stream.isRemoteClosed || stream.isReset) return
    session.output.windowUpdate(stream.id, stream.recvUncredited)
    stream.recvWindow += stream.recvUncredited
    stream.recvUncredited = 0
    session.wantOutput()
  }

  /** DATA where none may be: an error, unless it was in flight when we reset the stream. */
  #onStrayData(piece: DataPiece, stream: H2Stream | undefined): void {
    const session = this.#session
    const { streamId } = piece
    if (streamId === 0 || session.isIdle(streamId)) {
      return session.fail(h2.PROTOCOL_ERROR, `DATA on idle stream ${streamId}`)
    }
    // A body ahead of its response head is malformed (RFC 9113 section 8.1).
    if (stream !== undefined) {
      if (stream.isRemoteClosed)
        return session.resetByError(stream, h2.STREAM_CLOSED, 'DATA behind the end of a message')
      return session.resetByError(stream, h2.PROTOCOL_ERROR, 'DATA before the head')
    }
    const isLaterPiece = piece.frameBytes === 0 && piece.end > piece.start
    if (isLaterPiece) return
    // A whole window of it may be on its way, and pays with its bytes.
    if (session.mayBeInFlight(streamId)) {
      if (piece.frameBytes === 0) session.chargeSmallData()
      return
    }
    session.sendReset(streamId, h2.STREAM_CLOSED)
    session.annoy(MISTAKE_POINTS)
  }

  #onBlock(streamId: number, block: HeaderBlock): void {
    const session = this.#session
    if (block.kind === 'partial') return
    if (block.kind === 'error') return session.fail(block.code, block.message)
    const { result } = block
    if (result.kind === 'compression') return session.fail(h2.COMPRESSION_ERROR, result.message)
    const isEnd = (this.#assembler.flags & h2.FLAG_END_STREAM) !== 0
    const stream = session.streams.get(streamId)
    if (stream !== undefined) return this.#onMoreHeaders(stream, result, isEnd)
    if (session.role === 'server') return this.#onRequest(streamId, result, isEnd)
    if (session.isIdle(streamId)) return session.fail(h2.PROTOCOL_ERROR, `HEADERS on idle stream ${streamId}`)
    session.chargeSignal()
  }

  #onRequest(streamId: number, head: Head, isEnd: boolean): void {
    const session = this.#session
    if ((streamId & 1) === 0) return session.fail(h2.PROTOCOL_ERROR, 'a client stream of even number')
    if (streamId <= session.lastPeerStreamId) {
      if (!session.mayBeInFlight(streamId)) session.fail(h2.STREAM_CLOSED, `HEADERS on closed stream ${streamId}`)
      session.chargeSignal()
      return
    }
    session.lastPeerStreamId = streamId
    if (streamId > session.goawayLimit) return session.chargeReset()
    if (session.streams.size >= session.own.maxConcurrentStreams) {
      session.sendReset(streamId, h2.REFUSED_STREAM)
      return session.chargeReset()
    }
    if (head.kind === 'too-large') return this.#answerTooLarge(streamId, head.fields, isEnd)
    this.#acceptRequest(streamId, head, isEnd)
  }

  #acceptRequest(streamId: number, head: Head, isEnd: boolean): void {
    const session = this.#session
    const length = readContentLength(head.fields)
    const wrong = checkRequestFields(head.fields, session.own.hasConnectProtocol, this.#known)
    // Looked for where something is wrong only: what it costs, calls without blanks have not to pay.
    const stripped = wrong === undefined ? undefined : withoutGrpcBlanks(head.fields)
    if (stripped !== undefined) return this.#acceptRequest(streamId, { ...head, fields: stripped }, isEnd)
    const isMalformed = wrong !== undefined || length < -1 || (isEnd && length > 0)
    if (isMalformed) return this.#refuse(streamId, head.fields, wrong ?? BAD_LENGTH)
    this.#known = head.fields
    const stream = session.createStream(streamId, ignoreStream)
    stream.hasHeaders = true
    stream.isRemoteClosed = isEnd
    stream.isConnect = findField(head.fields, ':method') === 'CONNECT'
    stream.neverIndexed = head.neverIndexed
    if (!stream.isConnect) stream.bodyRemaining = length
    stream.handler = session.handler.onStream(stream, head.fields, isEnd)
  }

  #refuse(streamId: number, fields: readonly string[], why: string): void {
    const session = this.#session
    session.sendReset(streamId, h2.PROTOCOL_ERROR)
    session.handler.onRefused?.({ fields, status: 0, why })
    session.annoy(MISTAKE_POINTS)
  }

  /** The list was cut, so the owner cannot judge it: 431 tells the client more than a reset (RFC 9113 section 10.5.1). */
  #answerTooLarge(streamId: number, fields: readonly string[], isEnd: boolean): void {
    const session = this.#session
    session.annoy(this.#assembler.bytes / BLOCK_BYTES_PER_POINT)
    session.chargeReset()
    if (session.state === 'failed') return
    // Not in the table: to the owner it never was.
    const stream = new H2Stream(streamId, ignoreStream, { send: 0, receive: 0 })
    stream.isRemoteClosed = isEnd
    session.sender.headers(stream, session.answerOf(431), true)
    const why = `the header list is longer than ${session.own.maxHeaderListBytes} bytes`
    session.handler.onRefused?.({ fields, status: 431, why })
    // The answer is complete: NO_ERROR asks the client to spare the rest of its request (section 8.1).
    if (!isEnd) session.sendReset(streamId, h2.NO_ERROR)
  }

  /** A response head, interim ones included, or trailers. */
  #onMoreHeaders(stream: H2Stream, head: Head, isEnd: boolean): void {
    const session = this.#session
    if (stream.isRemoteClosed)
      return session.resetByError(stream, h2.STREAM_CLOSED, 'HEADERS behind the end of a message')
    if (head.kind === 'too-large') {
      session.resetByError(stream, h2.ENHANCE_YOUR_CALM, 'a header list that is too large')
      return session.annoy(this.#assembler.bytes / BLOCK_BYTES_PER_POINT)
    }
    const isHead = session.role === 'client' && !stream.hasHeaders
    const isFit = isHead ? this.#acceptResponse(stream, head, isEnd) : this.#acceptTrailers(stream, head, isEnd)
    // One interim head too many has ended the connection, and told the stream's owner so.
    if (session.state === 'failed') return
    if (!isFit) {
      const stripped = withoutGrpcBlanks(head.fields)
      if (stripped !== undefined) return this.#onMoreHeaders(stream, { ...head, fields: stripped }, isEnd)
      return session.resetByError(stream, h2.PROTOCOL_ERROR, isHead ? 'a malformed head' : 'malformed trailers')
    }
    stream.handler.onHeaders(head.fields, isEnd)
    if (isEnd) session.endRemote(stream)
  }

  #acceptResponse(stream: H2Stream, head: Head, isEnd: boolean): boolean {
    if (checkResponseFields(head.fields, this.#known) !== undefined) return false
    this.#known = head.fields
    const status = head.fields[1] ?? ''
    if (status.startsWith('1')) {
      this.#session.chargeSignal()
      // 101 has no meaning here (RFC 9113 section 8.6), and an interim response ends nothing.
      return !isEnd && status !== '101'
    }
    stream.hasHeaders = true
    stream.neverIndexed = head.neverIndexed
    const length = readContentLength(head.fields)
    if (length < -1) return false
    // These name the length of a body that they do not have (RFC 9110 section 8.6).
    if (stream.isBodiless || stream.isConnect || status === '304') return true
    stream.bodyRemaining = length
    return !isEnd || length <= 0
  }

  #acceptTrailers(stream: H2Stream, head: Head, isEnd: boolean): boolean {
    // On a tunnel nothing but DATA may come (RFC 9113 section 8.5).
    if (!isEnd || stream.isConnect || stream.bodyRemaining > 0) return false
    return checkTrailerFields(head.fields) === undefined
  }
}
