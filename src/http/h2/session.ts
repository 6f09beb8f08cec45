import type { AddDate } from '../date.ts'
import { HeaderList } from '../header-list.ts'
import { HpackDecoder } from '../hpack/decoder.ts'
import { HpackEncoder } from '../hpack/encoder.ts'
import { CANCEL, DEFAULT_WINDOW_BYTES, ENHANCE_YOUR_CALM, NO_ERROR } from './constants.ts'
import { FloodGuard } from './flood-guard.ts'
import { FrameOutput } from './frames/output.ts'
import { H2Sender } from './sender.ts'
import { defaultOwnSettings, defaultPeerSettings } from './settings.ts'
import type { OwnSettings, PeerSettings } from './settings.ts'
import { StreamTable } from './stream-table.ts'
import { H2Stream, ignoreStream } from './stream.ts'
import type { StreamHandler } from './stream.ts'

/** What the owner of a connection is told, synchronously. */
export interface ConnectionHandler {
  /** There is output to take; called once until it is taken. */
  readonly onOutput: () => void
  /** A request came (server); whoever is returned hears of the stream from then on. */
  readonly onStream: (stream: H2Stream, fields: string[], isEnd: boolean) => StreamHandler
  /** A request came that is refused without having been one to `onStream` (server): it could not be told what it is. */
  readonly onRefused?: (refused: RefusedHead) => void
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

/** A request head that is malformed, or too large. */
export interface RefusedHead {
  /** As far as they were taken, and unchecked: for people only. */
  readonly fields: readonly string[]
  /** Of the answer; 0: the stream was reset with PROTOCOL_ERROR. */
  readonly status: 0 | 431
  readonly why: string
}

export interface ConnectionOptions {
  readonly role: 'server' | 'client'
  readonly settings?: Partial<OwnSettings>
  /** Frames that carry nothing, allowed between two calls of `forgive`; default 4,000. See `FloodGuard` for the rest. */
  readonly nuisanceLimit?: number
  /** For answers of our own; without a clock there is no date (RFC 9110 section 6.6.1). */
  readonly addDate?: AddDate
}

/** What a mistake that has us reset a stream counts: a thousand in a second are none (CVE-2025-8671). */
export const MISTAKE_POINTS = 4
/** Streams that we have reset, remembered to tell frames in flight from wrong ones. */
const MAX_REMEMBERED_RESETS = 256

/**
 * What the two halves of a connection share: its streams, settings and state, and the ways in which a stream or the
 * whole connection ends. Fields are plain because every frame touches them; only this folder sees them.
 */
export class H2Session {
  readonly role: 'server' | 'client'
  readonly handler: ConnectionHandler
  readonly own: OwnSettings
  readonly peer: PeerSettings = defaultPeerSettings()
  readonly output = new FrameOutput()
  readonly encoder = new HpackEncoder()
  readonly decoder: HpackDecoder
  readonly sender: H2Sender
  readonly streams = new StreamTable()
  /** The stream of the last DATA frame: bodies come in runs. */
  current: H2Stream | undefined
  /** What the connection window is filled up to; it cannot be made smaller than the default (RFC 9113 section 6.9.2). */
  readonly fullWindowBytes: number
  nextStreamId = 1
  /** Highest number that the peer has used, streams that were refused or ignored included. */
  lastPeerStreamId = 0
  /** Streams above this one are ignored once a final GOAWAY is out. */
  goawayLimit = Number.POSITIVE_INFINITY
  hasSettings = false
  /** Until the peer knows our initial window it may use the default one (RFC 9113 section 6.9.2). */
  isAcknowledged = false
  isDirty = false
  state: 'open' | 'closing' | 'failed' = 'open'
  /** What we gave the connection up for, if that was it. */
  failure = ''
  readonly #onStop: () => void
  readonly #addDate: AddDate | undefined
  readonly #guard: FloodGuard
  readonly #resets = new Set<number>()
  /** Highest number that `#resets` had to forget. */
  #forgottenReset = 0

  /** `onStop` must keep the reader from delivering another frame. */
  constructor(handler: ConnectionHandler, options: ConnectionOptions, onStop: () => void) {
    this.handler = handler
    this.role = options.role
    this.own = { ...defaultOwnSettings, ...options.settings }
    this.fullWindowBytes = Math.max(this.own.connectionWindowBytes, DEFAULT_WINDOW_BYTES)
    this.#guard = new FloodGuard(options.nuisanceLimit)
    this.#onStop = onStop
    this.#addDate = options.addDate
    this.decoder = new HpackDecoder({ maxListBytes: this.own.maxHeaderListBytes })
    this.sender = new H2Sender({
      output: this.output,
      encoder: this.encoder,
      onOutput: () => this.wantOutput(),
      onLocalEnd: (stream) => this.#closeLocal(stream),
    })
  }

  createStream(id: number, handler: StreamHandler): H2Stream {
    const own = this.own.streamWindowBytes
    const receive = this.isAcknowledged ? own : Math.max(own, DEFAULT_WINDOW_BYTES)
    const stream = new H2Stream(id, handler, { send: this.peer.initialWindowBytes, receive })
    this.streams.add(stream)
    this.#guard.noteStream()
    return stream
  }

  /** Whether no frame has opened that stream yet (RFC 9113 section 5.1). */
  isIdle(streamId: number): boolean {
    const isOurs = ((streamId & 1) === 1) === (this.role === 'client')
    return isOurs ? streamId >= this.nextStreamId : streamId > this.lastPeerStreamId
  }

  /**
   * Whether frames may still come on a closed stream without fault of the peer: it was reset by us, or never taken
   * (RFC 9113 section 5.1, "closed"). Streams reset so long ago that they were forgotten get the benefit of the doubt.
   */
  mayBeInFlight(streamId: number): boolean {
    return this.#resets.has(streamId) || streamId <= this.#forgottenReset || streamId > this.goawayLimit
  }

  /** Counts a frame that carries nothing. As with those below, a flood ends the connection; ordinary use never does. */
  annoy(points: number): void {
    if (!this.#guard.takeNuisance(points)) this.fail(ENHANCE_YOUR_CALM, 'too many frames that carry nothing')
  }

  /** Counts the slivers that the peer's windows had us make since the last time. */
  chargeSlivers(): void {
    const { sender, output } = this
    if (sender.slivers === 0) return
    const isFine = this.#guard.takeSlivers(sender.slivers, output.dataFrames)
    sender.slivers = 0
    if (!isFine) this.fail(ENHANCE_YOUR_CALM, 'too many windows of a few bytes')
  }

  /** Counts a frame that goes along with others; false when it was one too many. */
  chargeSignal(): boolean {
    if (this.#guard.takeSignal(this.output.dataFrames)) return true
    this.fail(ENHANCE_YOUR_CALM, 'too many frames that go along with nothing')
    return false
  }

  /** Counts a stream that was opened for nothing. */
  chargeReset(): void {
    if (!this.#guard.takeReset()) this.fail(ENHANCE_YOUR_CALM, 'too many streams that were reset')
  }

  /** Counts a DATA frame of a few bytes; false when it was one too many. */
  chargeSmallData(): boolean {
    if (this.#guard.takeSmallData()) return true
    this.fail(ENHANCE_YOUR_CALM, 'too many small DATA frames')
    return false
  }

  forgive(): void {
    this.#guard.forgive(this.output.dataFrames)
  }

  /** RST_STREAM, also for a stream that was never opened here. */
  sendReset(streamId: number, code: number): void {
    if (this.#resets.size >= MAX_REMEMBERED_RESETS) this.#forgetOldestReset()
    this.#resets.add(streamId)
    this.output.resetStream(streamId, code)
    this.wantOutput()
  }

  /** Our owner has no more use for the stream; its handler hears nothing more. */
  reset(stream: H2Stream, code: number): void {
    stream.handler = ignoreStream
    this.sendReset(stream.id, code)
    this.remove(stream)
  }

  /** A stream error (RFC 9113 section 5.4.2): told to the peer, and with `why` to the owner. It may not provoke many. */
  resetByError(stream: H2Stream, code: number, why: string): void {
    const { handler } = stream
    stream.fault = why
    this.sendReset(stream.id, code)
    this.remove(stream)
    handler.onReset(code)
    this.annoy(MISTAKE_POINTS)
  }

  /** A whole answer of our own, of nothing but a status, `more` and the time (server). */
  answerOf(status: number, more: readonly string[] = []): readonly string[] {
    const headers = new HeaderList([':status', String(status), ...more])
    this.#addDate?.(headers)
    return headers.fields
  }

  /** The peer ended the stream, or its end of it. */
  endRemote(stream: H2Stream): void {
    if (stream.isReset) return
    stream.isRemoteClosed = true
    const { handler } = stream
    if (stream.isLocalClosed) this.remove(stream)
    handler.onEnd()
  }

  remove(stream: H2Stream): void {
    const isUseful = stream.isLocalClosed || stream.hasSent
    if (!stream.isClosed) stream.isReset = true
    this.sender.drop(stream)
    if (this.current === stream) this.current = undefined
    if (!this.streams.delete(stream.id)) return
    if (isUseful) this.#guard.noteUsefulStream()
    this.handler.onStreamClosed()
  }

  /** Ends every stream above `lastStreamId`; their owners may do anything meanwhile, but not open new ones. */
  abandonStreams(lastStreamId: number, code: number): void {
    for (const stream of this.streams.values()) {
      if (stream.id <= lastStreamId || stream.isClosed) continue
      const { handler } = stream
      this.remove(stream)
      handler.onReset(code)
    }
  }

  /** Our GOAWAY: what is above the last stream was not and will not be looked at. */
  sendGoaway(code: number, message: string): void {
    this.output.goaway(Math.min(this.lastPeerStreamId, this.goawayLimit), code, message)
    this.wantOutput()
  }

  /** A connection error (RFC 9113 section 5.4.1). */
  fail(code: number, message: string): void {
    if (this.state === 'failed') return
    this.failure = message
    this.sendGoaway(code, message)
    this.abort(code)
    this.handler.onFailure(code, message)
  }

  /** Nobody's fault; streams that are open are lost with the connection, as `CANCEL`. */
  giveUp(why: string): void {
    if (this.state === 'failed') return
    this.sendGoaway(NO_ERROR, why)
    this.abort(CANCEL)
  }

  abort(code: number): void {
    if (this.state === 'failed') return
    this.state = 'failed'
    this.#onStop()
    this.abandonStreams(0, code)
  }

  wantOutput(): void {
    if (this.isDirty) return
    this.isDirty = true
    this.handler.onOutput()
  }

  #closeLocal(stream: H2Stream): void {
    stream.isLocalClosed = true
    if (stream.isRemoteClosed) this.remove(stream)
  }

  #forgetOldestReset(): void {
    for (const oldest of this.#resets) {
      this.#resets.delete(oldest)
      this.#forgottenReset = Math.max(this.#forgottenReset, oldest)
      return
    }
  }
}
