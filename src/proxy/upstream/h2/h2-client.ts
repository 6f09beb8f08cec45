import { CONNECT_ERROR, REFUSED_STREAM } from '../../../http/h2/constants.ts'
import type { H2Connection } from '../../../http/h2/connection.ts'
import type { Clock } from '../../../lib/clock.ts'
import type { ChannelHandler } from '../../channel.ts'
import type { ServiceLoad } from '../../balance/limits/service-load.ts'
import type { Counters } from '../../counters.ts'
import type { Flusher } from '../../flusher.ts'
import { PING_TIMEOUT_MS } from '../../hbone/transport.ts'
import { InnerTransport } from '../../inner-h2/inner-transport.ts'
import type { ByteBudget } from '../../limits/byte-budget.ts'
import { startDeadline } from '../../limits/deadlines.ts'
import type { TurnBudget } from '../../limits/turn-budget.ts'
import type { AcquireFailure, Dialled } from '../dialler.ts'
import type { UpstreamSession } from '../session.ts'
import type { HandledChannel } from '../tls/cipher-stream.ts'
import { PingWatch } from './ping-watch.ts'
import { StreamSession } from './stream-session.ts'
import type { StreamOwner } from './stream-session.ts'

export interface H2ClientDeps {
  readonly flusher: Flusher
  readonly budget: ByteBudget
  readonly turns: TurnBudget
  readonly counters: Counters
  readonly clock: Clock
  /** For the peer's SETTINGS, after the way to the endpoint is there; 0 for none. */
  readonly connectTimeoutMs: number
  /** A connection without a request is closed after this long. */
  readonly idleTimeoutMs: number
  readonly onFault: (error: unknown) => void
}

/** A request that waits for a stream. */
export interface StreamWaiter {
  /** Called once. */
  readonly done: (
    acquired:
      | { readonly ok: true; readonly session: UpstreamSession }
      | { readonly ok: false; readonly failure: AcquireFailure },
  ) => void
  /** Connections that it may still be tried on. */
  dialsLeft: number
  /** Where those count that are made for it. */
  readonly load: ServiceLoad | undefined
}

/** Who keeps a connection; each is told of synchronously. */
export interface H2ClientKeeper {
  /** Begins to make the way there; `done` is called once, never before this returns. */
  readonly dial: (done: (dialled: Dialled) => void) => void
  /** For messages: `10.0.3.7:8080`. */
  readonly authority: string
  /** TLS must agree on h2; else it is spoken without asking (prior knowledge, RFC 9113 section 3.3). */
  readonly isTls: boolean
  /** Streams that the peer will probably allow, until its SETTINGS say. */
  readonly expectedStreams: number
  /** The peer's SETTINGS are there, with so many streams. */
  readonly onOpen: (maxStreams: number) => void
  /** These found no room here, and another connection may well have some. */
  readonly onUnserved: (waiters: readonly StreamWaiter[]) => void
  /** TLS agreed on something else: the channel is for HTTP/1.1. `onGone` came before. */
  readonly onOtherProtocol: (channel: HandledChannel, waiters: readonly StreamWaiter[]) => void
  /** Without having been asked it answered in HTTP/1.1: it knows no other. `onGone` came before. */
  readonly onHttp1: (waiters: readonly StreamWaiter[]) => void
  /** It answered no PING; `onGone` follows. */
  readonly onSilent?: () => void
  /** Nothing is left of it; once. */
  readonly onGone: (client: H2Client) => void
}

/** Streams on one connection, even if the peer allows more. */
export const MAX_STREAMS = 1000
/** How the answer of a server begins that knows HTTP/1.1 alone. */
const HTTP1 = 'HTTP/1.'
/** Above this the endpoint has been sent many requests and reads none of them: bodies alone never get there. */
const UNREAD_LIMIT_BYTES = 4 * 1024 * 1024
/** How long an endpoint may keep its direction open after we ended ours. */
const CLOSE_TIMEOUT_MS = 5000

/** One HTTP/2 connection to an application, dialled at once and shared by requests; those that come meanwhile wait. */
export class H2Client implements ChannelHandler, StreamOwner {
  readonly #keeper: H2ClientKeeper
  readonly #deps: H2ClientDeps
  #transport: InnerTransport | undefined
  #channel: HandledChannel | undefined
  #state: 'dialling' | 'settling' | 'open' | 'closing' | 'gone' = 'dialling'
  #waiting: StreamWaiter[] = []
  #isRetired = false
  #cancelTimeout = (): void => {}
  lossReason = ''
  readonly #pings = new PingWatch()
  #hasHeard = false
  /** Since when there is no stream, and we have ended it; monotonic, 0: it is not so. */
  #idleSinceMs = 0
  #closingSinceMs = 0

  constructor(keeper: H2ClientKeeper, deps: H2ClientDeps) {
    this.#keeper = keeper
    this.#deps = deps
    keeper.dial((dialled) => this.#onDialled(dialled))
  }

  get h2(): H2Connection {
    const transport = this.#transport
    if (transport === undefined) throw new Error('there is no connection yet')
    return transport.h2
  }

  get budget(): ByteBudget {
    return this.#deps.budget
  }

  /** Whether a stream may be opened. */
  get hasRoom(): boolean {
    if (this.#state !== 'open' || this.#isRetired || this.#channel?.isLasting !== true) return false
    const { freeStreams, openStreams } = this.h2
    return freeStreams > 0 && openStreams < MAX_STREAMS
  }

  /** Whether one more may wait for its SETTINGS. */
  get takesWaiters(): boolean {
    if (this.#state !== 'dialling' && this.#state !== 'settling') return false
    return !this.#isRetired && this.#waiting.length < this.#keeper.expectedStreams
  }

  /** A session, if there is room: it holds no place until its request begins. */
  take(): UpstreamSession | undefined {
    return this.hasRoom ? new StreamSession(this) : undefined
  }

  /** Told once the connection is there, or not to be had; only while it takes waiters. */
  wait(waiter: StreamWaiter): void {
    this.#waiting.push(waiter)
  }

  /** Called every second or so. */
  tick(nowMs: number): void {
    const transport = this.#transport
    if (transport === undefined) return
    transport.tick(nowMs)
    if ((this.#channel?.queuedBytes ?? 0) > UNREAD_LIMIT_BYTES) {
      return this.#vanish('was given up: nothing is read', () => this.#channel?.abort())
    }
    if (this.#closingSinceMs > 0) {
      if (nowMs - this.#closingSinceMs > CLOSE_TIMEOUT_MS) this.#vanish('was closed', () => this.#channel?.cut())
    } else if (this.#state === 'open' || this.#state === 'closing') this.#watch(transport, nowMs)
  }

  closeIdle(): boolean {
    if (!this.hasRoom || this.h2.openStreams > 0) return false
    this.#close()
    return true
  }

  /** No further streams; closes when the last one ends. */
  retire(): void {
    this.#isRetired = true
    if (this.#state === 'open' && this.#waiting.length === 0) this.#close()
  }

  /** Ends it at once. */
  destroy(): void {
    this.#vanish('was ended with this process', () => this.#channel?.cut())
  }

  onFault(error: unknown): void {
    this.#deps.onFault(error)
  }

  onRequest(): void {
    this.#pings.noteRequest()
  }

  onAnswer(): void {
    this.#pings.noteAnswer()
  }

  onData(buffer: Buffer, start: number, end: number): void {
    this.#pings.noteHeard()
    if (!this.#hasHeard) {
      this.#hasHeard = true
      const isHttp1 = buffer.toString('latin1', start, Math.min(end, start + HTTP1.length)) === HTTP1
      if (isHttp1 && !this.#keeper.isTls) return this.#onHttp1()
    }
    this.#transport?.read(buffer, start, end)
  }

  onDrain(): void {
    this.#transport?.onDrain()
  }

  onEnd(): void {
    // Our own end may not be out yet.
    if (this.#closingSinceMs > 0) return this.#vanish('was closed', () => this.#channel?.cut())
    this.#transport?.finishReading(() => this.#vanish('was closed by the peer', () => this.#channel?.abort()))
  }

  onClosed(isClean: boolean, isRefused: boolean): void {
    const why = isRefused ? 'was refused' : isClean ? 'was closed by the peer' : 'was reset'
    this.#transport?.finishReading(() => this.#vanish(why, () => {}, isRefused ? REFUSED_STREAM : CONNECT_ERROR))
  }

  #onDialled(dialled: Dialled): void {
    if (this.#state === 'gone') {
      if (dialled.ok) dialled.channel.cut()
      return
    }
    if (!dialled.ok) {
      this.#leave()
      return this.#refuseWaiting(dialled.failure)
    }
    const { channel, protocol } = dialled
    if (this.#keeper.isTls && protocol !== 'h2') {
      this.#leave()
      const waiting = this.#waiting
      this.#waiting = []
      return this.#keeper.onOtherProtocol(channel, waiting)
    }
    this.#start(channel)
  }

  #start(channel: HandledChannel): void {
    const { flusher, turns, clock, connectTimeoutMs, counters } = this.#deps
    const transport = new InnerTransport(
      channel,
      {
        onStream: () => {
          throw new Error('a server cannot open streams')
        },
        onGoaway: () => this.#onGoaway(),
        onSettings: () => this.#onSettings(),
        onPong: () => {},
        onStreamClosed: () => this.#onStreamClosed(),
        onFailure: (_code, message) => this.#onFailure(message),
      },
      { role: 'client', flusher, turns, onFault: (error) => this.#onTransportFault(error) },
    )
    this.#transport = transport
    this.#channel = channel
    this.#state = 'settling'
    channel.handler = this
    this.#cancelTimeout = startDeadline(clock, connectTimeoutMs, () => {
      counters.deadlines.connect++
      this.#vanish(`sent no SETTINGS within ${connectTimeoutMs} ms`, () => channel.abort())
    })
    transport.start()
  }

  /** Those who waited get streams, as many as the peer allows; the others go to another connection. */
  #onSettings(): void {
    if (this.#state !== 'settling') return
    this.#cancelTimeout()
    this.#state = 'open'
    const maxStreams = Math.min(MAX_STREAMS, this.h2.openStreams + this.h2.freeStreams)
    this.#keeper.onOpen(maxStreams)
    // Nor would a further connection be of use: for now nobody gets anything there, as with one that refuses connections.
    if (maxStreams === 0) {
      this.#refuseWaiting({
        kind: 'connect-failed',
        message: `HTTP/2 with ${this.#keeper.authority} allows no stream at all`,
      })
    }
    const waiting = this.#waiting
    this.#waiting = []
    let served = 0
    const isRetired = this.#isRetired
    this.#isRetired = false
    for (; served < waiting.length && this.hasRoom; served++) {
      waiting[served]?.done({ ok: true, session: new StreamSession(this) })
    }
    if (served < waiting.length) this.#keeper.onUnserved(waiting.slice(served))
    // Who allows no stream gets another connection when somebody asks again, and not one beside this.
    const isUseless = !this.hasRoom && this.h2.openStreams === 0
    if (isRetired || isUseless) this.retire()
  }

  #onGoaway(): void {
    if (this.#state === 'settling') return this.#vanish('is ending', () => this.#channel?.abort())
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#endIfEmpty()
  }

  #onStreamClosed(): void {
    this.#idleSinceMs = 0
    if (this.#state === 'open' && this.#channel?.isLasting !== true) this.#close()
    else if (this.#state === 'closing') this.#endIfEmpty()
  }

  /** The peer broke the rules; its streams have been told. */
  #onFailure(message: string): void {
    if (this.#state === 'gone' || this.#state === 'closing') return this.#end()
    if (this.#state === 'settling') {
      return this.#vanish(`failed: ${message}: does the application speak HTTP/2?`, () => this.#transport?.close())
    }
    this.#state = 'closing'
    this.#end()
  }

  #onTransportFault(error: unknown): void {
    this.#vanish('was given up: the proxy failed', () => this.#channel?.abort())
    this.#deps.onFault(error)
  }

  /** It took our preface for a request that it does not understand, so it has done nothing. */
  #onHttp1(): void {
    this.#leave()
    this.#channel?.cut()
    this.#transport?.abandon()
    const waiting = this.#waiting
    this.#waiting = []
    this.#keeper.onHttp1(waiting)
  }

  /** Says GOAWAY, and ends when the last stream does. */
  #close(): void {
    this.#state = 'closing'
    this.h2.shutdown()
    this.#endIfEmpty()
  }

  #endIfEmpty(): void {
    if (this.h2.openStreams === 0) this.#end()
  }

  /** What is still to be said goes out, and then our end; the rest when the peer follows. */
  #end(): void {
    if (this.#closingSinceMs > 0 || this.#state === 'gone') return
    this.#closingSinceMs = this.#deps.clock.monotonicMs()
    // Not every server takes the end of the connection for the end of everything.
    this.#transport?.h2.shutdown()
    this.#transport?.close()
  }

  #watch(transport: InnerTransport, nowMs: number): void {
    if (transport.h2.openStreams === 0) {
      this.#pings.noteHeard()
      if (this.#idleSinceMs === 0) this.#idleSinceMs = nowMs
      const isStale = nowMs - this.#idleSinceMs > this.#deps.idleTimeoutMs || this.#channel?.isLasting !== true
      if (isStale && this.#state === 'open') this.#close()
      return
    }
    const due = this.#pings.tick(nowMs)
    if (due === 'ping') transport.h2.ping()
    if (due !== 'lost') return
    this.#keeper.onSilent?.()
    this.#vanish(`did not answer a PING within ${PING_TIMEOUT_MS} ms`, () => this.#channel?.abort())
  }

  /** The end of it, however that came: streams and waiters are told why. */
  #vanish(why: string, endChannel: () => void, code = CONNECT_ERROR): void {
    if (this.#state === 'gone') return
    const wasSettling = this.#state === 'settling'
    const message = `HTTP/2 with ${this.#keeper.authority} ${why}`
    this.lossReason = message
    if (wasSettling) this.#deps.counters.upstreamConnectFailures++
    this.#leave()
    this.#guard(() => this.#transport?.h2.abort(code))
    endChannel()
    this.#transport?.abandon()
    this.#refuseWaiting({ kind: 'connect-failed', message })
  }

  #leave(): void {
    this.#state = 'gone'
    this.#cancelTimeout()
    this.#keeper.onGone(this)
  }

  #refuseWaiting(failure: AcquireFailure): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { done } of waiting) done({ ok: false, failure })
  }

  #guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#deps.onFault(error)
    }
  }
}
