/**
 * One HTTP/2 connection (RFC 9113) as bytes in and bytes out: fed with what a socket read, it calls back synchronously
 * for everything complete in it, and keeps what is to be written until its owner takes it. No socket, no timer and no
 * notion of what the streams carry may ever enter this room.
 */
import * as h2 from './constants.ts'
import { findField } from './fields.ts'
import { FrameReader } from './frames/frame-reader.ts'
import { FrameOutput } from './frames/output.ts'
import { H2Receiver } from './receiver.ts'
import { H2Session } from './session.ts'
import type { ConnectionHandler, ConnectionOptions } from './session.ts'
import { encodeOwnSettings } from './settings.ts'
import type { H2Stream, StreamHandler } from './stream.ts'

export type { ConnectionHandler, ConnectionOptions, RefusedHead } from './session.ts'

const PING_PAYLOAD = Buffer.from('fairway!', 'latin1')
/** Streams that are opened at most: far fewer than there are numbers, so that no arithmetic ends at the edge. */
const MAX_STREAM_ID = 0x7fff_0000

/**
 * A connection as its owner uses it. Calls for a stream that is over do nothing. Nothing here throws, save `open`
 * on a connection that takes no stream, which is a mistake of its owner.
 */
export class H2Connection {
  readonly #session: H2Session
  readonly #receiver: H2Receiver
  readonly #reader: FrameReader

  constructor(handler: ConnectionHandler, options: ConnectionOptions) {
    this.#session = new H2Session(handler, options, () => this.#reader.stop())
    this.#receiver = new H2Receiver(this.#session)
    this.#reader = new FrameReader(this.#receiver, { expectPreface: options.role === 'server' })
  }

  /** Streams that are open in either direction. */
  get openStreams(): number {
    return this.#session.streams.size
  }

  /** How many more streams may be opened (client); 0 while closing. */
  get freeStreams(): number {
    const { state, nextStreamId, peer, streams } = this.#session
    if (state !== 'open' || nextStreamId > MAX_STREAM_ID) return 0
    return Math.max(0, Math.min(peer.maxConcurrentStreams, 0x7fff_ffff) - streams.size)
  }

  /** True once the peer's first SETTINGS arrived. */
  get hasSettings(): boolean {
    return this.#session.hasSettings
  }

  /** True once the peer has answered our SETTINGS. */
  get isAcknowledged(): boolean {
    return this.#session.isAcknowledged
  }

  /** The stream whose HEADERS came without the last CONTINUATION of its block, so that nothing else may; 0 for none. */
  get unfinishedHeaders(): number {
    return this.#receiver.unfinishedHeaders
  }

  /** False once either side has said GOAWAY for good, or the connection failed. */
  get isOpen(): boolean {
    return this.#session.state === 'open'
  }

  /** The peer's mistake for which we gave the connection up, known when its streams are told; else empty. */
  get failure(): string {
    return this.#session.failure
  }

  /** Bytes that `take` would give. */
  get outputBytes(): number {
    return this.#session.output.bytes
  }

  /** Sends the preface; once, before anything else. */
  start(): void {
    const { output, own, role, fullWindowBytes } = this.#session
    if (role === 'client') output.preface(h2.CLIENT_PREFACE)
    output.settings(encodeOwnSettings(own, role === 'client'))
    const extra = fullWindowBytes - h2.DEFAULT_WINDOW_BYTES
    if (extra > 0) output.windowUpdate(0, extra)
    this.#session.wantOutput()
  }

  /**
   * Takes what was read; the memory must stay as it is, since bodies are passed on in place. How many bytes it has
   * taken: all, unless `pauseAfter` has set a limit. What is left must be fed again after the next call of that.
   */
  feed(chunk: Buffer): number {
    return this.#session.state === 'failed' ? chunk.length : this.#reader.feed(chunk, 0, chunk.length)
  }

  /** What is left of the last `pauseAfter`. */
  get framesLeft(): number {
    return this.#reader.framesLeft
  }

  /** Has `feed` stop when that many more frames have come, so that other connections get their turn. */
  pauseAfter(frames: number): void {
    this.#reader.framesLeft = frames
  }

  /** Everything encoded since the last call, in memory of its own. */
  take(): Buffer {
    this.#session.isDirty = false
    return this.#session.output.take()
  }

  /** May be called with what `take` gave, once the socket is done with it: the memory is used again. */
  static giveBack(taken: Buffer): void {
    FrameOutput.giveBack(taken)
  }

  /** To be called after each write: whether the socket can take more. Queued bodies move on when it can. */
  setBlocked(isBlocked: boolean): void {
    this.#session.sender.setBlocked(isBlocked)
  }

  /** Opens a stream (client); check `freeStreams` before. */
  open(fields: readonly string[], handler: StreamHandler, isEnd: boolean): H2Stream {
    const session = this.#session
    if (session.state !== 'open') throw new Error(`a stream was opened on a connection that is ${session.state}`)
    if (session.nextStreamId > MAX_STREAM_ID) throw new Error('the connection has no stream numbers left')
    const stream = session.createStream(session.nextStreamId, handler)
    session.nextStreamId += 2
    const method = findField(fields, ':method')
    stream.isConnect = method === 'CONNECT'
    stream.isBodiless = method === 'HEAD'
    this.#write(stream, fields, isEnd)
    return stream
  }

  /** Sends a response head, or trailers when it ends the stream; trailers wait for the body that is queued. */
  headers(stream: H2Stream, fields: readonly string[], isEnd: boolean): void {
    if (!stream.isReset && !stream.isLocalClosed) this.#write(stream, fields, isEnd)
  }

  /** Sends a whole answer of our own: a status, `more` and the time at which it is sent. */
  answer(stream: H2Stream, status: number, more?: readonly string[]): void {
    this.headers(stream, this.#session.answerOf(status, more), true)
  }

  #write(stream: H2Stream, fields: readonly string[], isEnd: boolean): void {
    try {
      this.#session.sender.headers(stream, fields, isEnd)
    } catch (error) {
      // The peer may not know what we think its table holds: fields of the next streams would be read as others.
      this.#session.fail(h2.INTERNAL_ERROR, 'fields could not be written')
      throw error
    }
  }

  /** Sends or queues body bytes; true when nothing had to queue, else `onDrain` follows. */
  data(stream: H2Stream, buffer: Buffer, start: number, end: number): boolean {
    return stream.isReset || stream.isLocalClosed || this.#session.sender.data(stream, buffer, start, end)
  }

  /** Sends or queues Latin-1 text. */
  text(stream: H2Stream, text: string): boolean {
    return stream.isReset || stream.isLocalClosed || this.#session.sender.text(stream, text)
  }

  /** Ends our direction behind everything that is queued. */
  end(stream: H2Stream): void {
    if (!stream.isReset && !stream.isLocalClosed) this.#session.sender.end(stream)
  }

  /** Ends both directions at once; what was queued is dropped. The handler hears nothing more. */
  reset(stream: H2Stream, code: number): void {
    if (!stream.isReset && !stream.isClosed) this.#session.reset(stream, code)
  }

  /** Gives back window for bytes that the other side has accepted. */
  consume(stream: H2Stream, bytes: number): void {
    this.#receiver.credit(stream, bytes)
  }

  /** Gives back what was consumed at once, instead of half a window at a time. */
  refill(stream: H2Stream): void {
    this.#receiver.refill(stream)
  }

  /**
   * Keeps fields of this name out of every table on this connection from now on: for names that came so from the
   * other side (`H2Stream.neverIndexed`; RFC 7541 section 6.2.3).
   */
  neverIndex(name: string): void {
    this.#session.encoder.neverIndex(name)
  }

  /** Asks for a sign of life; `onPong` follows. */
  ping(): void {
    if (this.#session.state === 'failed') return
    this.#session.output.ping(PING_PAYLOAD, false)
    this.#session.wantOutput()
  }

  /** First step of a graceful end: the peer opens no new streams from here on, those it opened meanwhile are served. */
  announceShutdown(): void {
    const session = this.#session
    if (session.state === 'failed' || session.goawayLimit !== Number.POSITIVE_INFINITY) return
    session.output.goaway(0x7fff_ffff, h2.NO_ERROR, '')
    session.wantOutput()
  }

  /** Second step: streams that come now are ignored. */
  shutdown(): void {
    const session = this.#session
    if (session.state === 'failed' || session.goawayLimit !== Number.POSITIVE_INFINITY) return
    session.state = 'closing'
    session.goawayLimit = session.lastPeerStreamId
    session.sendGoaway(h2.NO_ERROR, '')
  }

  /** Gives the connection up for something that only its owner can see (a deadline, say): GOAWAY and `onFailure`. */
  fail(code: number, message: string): void {
    this.#session.fail(code, message)
  }

  /**
   * Ends at once whatever is under way: GOAWAY with a reason for people, behind whole frames, and every stream is told.
   * Its owner has to close what carries it behind that.
   */
  giveUp(why: string): void {
    this.#session.giveUp(why)
  }

  /** Tells every stream that the connection is gone (the socket closed, say). */
  abort(code: number): void {
    this.#session.abort(code)
  }

  /**
   * To be called about once a second: what a peer may do in a burst is counted from here anew, and a connection that
   * was quiet gives back memory that only a busy one needs.
   */
  forgive(): void {
    this.#session.forgive()
  }
}
