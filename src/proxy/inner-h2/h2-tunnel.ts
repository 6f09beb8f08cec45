import type { ConnectionHandler, H2Connection } from '../../http/h2/connection.ts'
import { ENHANCE_YOUR_CALM, PROTOCOL_ERROR, SETTINGS_TIMEOUT } from '../../http/h2/constants.ts'
import type { H2Stream, StreamHandler } from '../../http/h2/stream.ts'
import type { Channel, ChannelHandler } from '../channel.ts'
import type { Flusher } from '../flusher.ts'
import { HeaderBlockWatch } from '../limits/header-block-watch.ts'
import { faultOfH2Head, faultOfH2Reset } from '../malformed/fault.ts'
import { refusedFields, tellRefused } from '../malformed/refused-request.ts'
import type { TunnelOrigin } from '../request/begin-exchange.ts'
import type { LiveStream } from '../security/live/live-review.ts'
import { H2Request, type H2RequestOwner } from './h2-request.ts'
import { sizeOf, type H2RequestDeps } from './request-parts.ts'
import { InnerTransport } from './inner-transport.ts'

export interface H2TunnelDeps extends H2RequestDeps {
  readonly flusher: Flusher
  readonly isDraining: () => boolean
  /** Why a client has lost its connection. */
  readonly onWarning: (message: string) => void
  /** Nothing is left of the tunnel. */
  readonly onClosed: (tunnel: H2Tunnel) => void
}

/** Requests that a client may have open in one tunnel, as grpc-java and others take for granted. */
const MAX_STREAMS = 1000
/** Of a head that take as long as a frame of a body. */
const BYTES_PER_PIECE = 512
/** Output that a client provokes and does not read, above which it has had enough. */
const UNREAD_LIMIT_BYTES = 4 * 1024 * 1024
/** How long a client may keep its direction open after we ended ours. */
const CLOSE_TIMEOUT_MS = 5000

/** The HTTP/2 server side of one tunnel (prior knowledge): requests side by side, each an exchange of its own. */
export class H2Tunnel implements ChannelHandler, H2RequestOwner {
  readonly #channel: Channel
  readonly #deps: H2TunnelDeps
  readonly #transport: InnerTransport
  /** Each knows its place, which the last one takes when it goes: a Set would keep requests alive (see `StreamTable`). */
  readonly #requests: H2Request[] = []
  readonly origin: TunnelOrigin
  /** Our direction is ended, or will be when the last request is. */
  #isClosing = false
  /** Told a tick ago that it will be. */
  #isAnnounced = false
  #isPeerDone = false
  #isGone = false
  #quietSinceMs = -1
  #closingSinceMs = -1
  /** What was still to be read at the last tick since then. */
  #closingBytes = 0
  readonly #headers: HeaderBlockWatch

  constructor(channel: Channel, origin: TunnelOrigin, deps: H2TunnelDeps) {
    this.#channel = channel
    this.#deps = deps
    this.#headers = new HeaderBlockWatch(deps.deadlines, deps.counters)
    this.origin = { ...origin, httpVersion: 'HTTP/2' }
    const { flusher, turns } = deps
    this.#transport = new InnerTransport(channel, this.#handler(), {
      role: 'server',
      settings: { maxConcurrentStreams: MAX_STREAMS, hasConnectProtocol: true },
      addDate: deps.addDate,
      flusher,
      turns,
      onFault: (error) => this.#fail(error),
    })
    this.#transport.start()
  }

  get h2(): H2Connection {
    return this.#transport.h2
  }

  /** We end, or the connection that the tunnel is on. */
  get isDraining(): boolean {
    return this.#deps.isDraining() || !this.#channel.isLasting
  }

  onData(buffer: Buffer, start: number, end: number): void {
    this.#transport.read(buffer, start, end)
  }

  /** HTTP/2 knows no half-closed connection: whole requests are answered still, others are lost. */
  onEnd(): void {
    this.#transport.finishReading(() => {
      this.#isPeerDone = true
      for (const request of [...this.#requests]) request.onInputLost()
      this.#shutdown()
      // Our end may have been out before.
      this.#closeWhenIdle()
    })
  }

  onClosed(): void {
    this.#leave()
    this.#transport.abandon()
  }

  onDrain(): void {
    this.#transport.onDrain()
  }

  onRequestDone(request: H2Request): void {
    const last = this.#requests.pop()
    if (last === undefined || last === request) return
    last.place = request.place
    this.#requests[request.place] = last
  }

  /** Those of now: one that ends leaves its place to another. */
  live(): readonly LiveStream[] {
    return [...this.#requests]
  }

  /** For draining: ends now, or asks for no more requests; those that are on their way meanwhile are served. */
  closeIfIdle(): void {
    if (this.h2.openStreams === 0) return this.#shutdown()
    this.#announce()
  }

  /** Requests under way are lost with the connection, as a client of gRPC takes for `UNAVAILABLE`. */
  giveUp(why: string): void {
    if (this.#isGone) return
    this.#transport.guard(() => this.h2.giveUp(why))
    this.#isClosing = true
    this.#transport.close()
    this.#leaveIfDone()
  }

  abort(): void {
    this.#leave()
    this.#transport.abandon()
    this.#channel.abort()
  }

  /** Called every second or so: whoever keeps us waiting beyond a deadline has had it. */
  tick(nowMs: number): void {
    this.#transport.guard(() => {
      if (this.#isGone) return
      this.#transport.tick(nowMs)
      if (this.#isAnnounced) this.#shutdown()
      else if (this.isDraining) this.#announce()
      for (const request of [...this.#requests]) request.tick(nowMs)
      this.#tickQuiet(nowMs)
      this.#headers.tick(this.h2, nowMs)
      if (this.#channel.queuedBytes > UNREAD_LIMIT_BYTES) this.h2.fail(ENHANCE_YOUR_CALM, 'nothing is read')
    })
  }

  #announce(): void {
    this.h2.announceShutdown()
    this.#isAnnounced = true
  }

  #handler(): Omit<ConnectionHandler, 'onOutput'> {
    return {
      onStream: (stream, fields, isEnd) => this.#onStream(stream, fields, isEnd),
      onRefused: ({ fields, status, why }) => {
        const fault = status === 0 ? faultOfH2Reset(PROTOCOL_ERROR, why) : faultOfH2Head(status, why)
        tellRefused(refusedFields(fields), { fault }, { origin: this.origin, deps: this.#deps })
      },
      onGoaway: () => this.#shutdown(),
      onSettings: () => {},
      onPong: () => {},
      onStreamClosed: () => this.#closeWhenIdle(),
      onFailure: (_code, message) => {
        const { authority, source } = this.origin
        const client = source.principal ?? source.address
        this.#deps.onWarning(`HTTP/2 connection of ${client} to ${authority} failed: ${message}`)
        this.#isClosing = true
        this.#transport.close()
        this.#leaveIfDone()
      },
    }
  }

  #onStream(stream: H2Stream, fields: readonly string[], isEnd: boolean): StreamHandler {
    const request = new H2Request(stream, this, this.#deps)
    request.place = this.#requests.push(request) - 1
    const bytes = sizeOf(fields)
    const { h2 } = this
    // What is large in here may have been a few bytes in HPACK.
    if (bytes >= BYTES_PER_PIECE) h2.pauseAfter(Math.max(0, h2.framesLeft - Math.floor(bytes / BYTES_PER_PIECE)))
    request.start(fields, isEnd, bytes)
    return request.channel
  }

  /** A client that says nothing: no SETTINGS, no answer to ours, or no request for longer than it may. */
  #tickQuiet(nowMs: number): void {
    if (this.#isClosing && this.h2.openStreams === 0) return this.#tickClosing(nowMs)
    const isQuiet = this.h2.openStreams === 0
    if (!isQuiet || this.#quietSinceMs < 0) this.#quietSinceMs = nowMs
    const { keepAliveIdleMs, requestHeadMs } = this.#deps.deadlines
    const { deadlines } = this.#deps.counters
    const quietMs = nowMs - this.#quietSinceMs
    if (!this.h2.hasSettings && requestHeadMs > 0 && quietMs >= requestHeadMs) {
      deadlines.requestHead++
      return this.h2.fail(SETTINGS_TIMEOUT, `no preface and SETTINGS within ${requestHeadMs} ms`)
    }
    if (!isQuiet || keepAliveIdleMs === 0 || quietMs < keepAliveIdleMs) return
    deadlines.keepAliveIdle++
    this.#shutdown()
  }

  /** A client that does not follow our end, or does not read up to it, is cut off. */
  #tickClosing(nowMs: number): void {
    this.#leaveIfDone()
    if (this.#isGone) return
    const { queuedBytes } = this.#channel
    const hasRead = queuedBytes < this.#closingBytes
    this.#closingBytes = queuedBytes
    if (this.#closingSinceMs < 0 || hasRead) this.#closingSinceMs = nowMs
    else if (nowMs - this.#closingSinceMs > CLOSE_TIMEOUT_MS) {
      this.#leave()
      this.#transport.abandon()
      this.#channel.cut()
    }
  }

  #shutdown(): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.h2.shutdown()
    this.#closeWhenIdle()
  }

  #closeWhenIdle(): void {
    if (!this.#isClosing || this.h2.openStreams > 0) return
    this.#transport.close()
    this.#leaveIfDone()
  }

  #leaveIfDone(): void {
    const isOut = this.h2.outputBytes === 0 && this.#channel.queuedBytes === 0
    if (this.#isPeerDone && isOut) this.#leave()
  }

  #fail(error: unknown): void {
    this.#deps.onError('a tunnel failed', error)
    this.abort()
  }

  #leave(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#deps.onClosed(this)
  }
}
