import type { TLSSocket } from 'node:tls'
import type { Source } from '../../filter/record.ts'
import type { AddDate } from '../../http/date.ts'
import { H2Connection } from '../../http/h2/connection.ts'
import { NO_ERROR, SETTINGS_TIMEOUT } from '../../http/h2/constants.ts'
import { findField } from '../../http/h2/fields.ts'
import type { H2Stream, StreamHandler } from '../../http/h2/stream.ts'
import { ignoreStream } from '../../http/h2/stream.ts'
import { judgeClient } from '../../identity/trust/peer.ts'
import { retireReasonOf } from '../../identity/trust/refusal-reason.ts'
import type { RetireReason } from '../../identity/trust/refusal-reason.ts'
import type { ChainKnowledge, Trust } from '../../identity/trust/trust.ts'
import type { SpiffeId } from '../../model/identity.ts'
import type { Counters } from '../counters.ts'
import type { Flusher } from '../flusher.ts'
import type { ByteBudget } from '../limits/byte-budget.ts'
import type { Deadlines } from '../limits/deadlines.ts'
import { HeaderBlockWatch } from '../limits/header-block-watch.ts'
import type { SourceLoad } from '../overload/source-load.ts'
import type { Sources } from '../overload/sources.ts'
import { describeSource } from './baggage.ts'
import { parseForwarded } from './forwarded.ts'
import type { Forwarded } from './forwarded.ts'
import type { ReviewedPeer } from './peer-review.ts'
import { Retirement } from './retirement.ts'
import { HboneTransport } from './transport.ts'
import { TunnelChannel } from './tunnel.ts'
import type { OnFault } from './tunnel.ts'

/** A CONNECT that was asked for; whoever gets it answers. */
export interface TunnelRequest {
  readonly authority: string
  readonly source: Source
  /** All that this client does, on whatever connection. */
  readonly load: SourceLoad
  /** What the sender says it is for: for messages only. */
  readonly forwarded: Forwarded
  /** Of the tunnel itself, which belongs to no trace of an application (waypoint contract 1.4). */
  readonly traceparent: string | undefined
  /** Answers 200 and gives the tunnel. */
  readonly accept: () => TunnelChannel
  /** Answers with that status and no body. */
  readonly refuse: (status: number) => void
}

export interface ServerConnectionOptions {
  readonly flusher: Flusher
  readonly counters: Counters
  readonly budget: ByteBudget | undefined
  /** Who is connected, and what each of them has open. */
  readonly clients: Sources
  /** Of which `prefaceMs`, `requestHeadMs`, `connectionAgeMs` and those of `Retirement` count here. */
  readonly deadlines: Deadlines
  /** From 0 to 1: connections that were opened together are not to move together. */
  readonly random: () => number
  readonly onTunnel: (request: TunnelRequest) => void
  /** The connection failed because of what the peer did, or did not do in time. */
  readonly onWarning: (message: string, kind: 'connection' | 'peer') => void
  readonly onFault: OnFault | undefined
  /** For refusals. */
  readonly addDate: AddDate
  /** Tunnels at a time. */
  readonly maxConcurrentStreams: number
}

/** Sources kept for one connection: one for each distinct baggage, and a peer gets no more than this. */
const MAX_SOURCES = 32
/** By how much of the limit the ages differ at which connections are old. */
const AGE_SPREAD = 0.2
/** ztunnel writes about 300 bytes; longer baggage is not read. */
const MAX_BAGGAGE_LENGTH = 4096
/** One HBONE connection of a peer that is let in: its tunnels, and how long it may keep us waiting. */
export class ServerConnection implements ReviewedPeer {
  readonly h2: H2Connection
  readonly transport: HboneTransport
  readonly load: SourceLoad
  readonly #options: ServerConnectionOptions
  readonly #identity: SpiffeId
  readonly #address: string
  readonly #sources = new Map<string, Source>()
  #sinceMs = 0
  readonly #headers: HeaderBlockWatch
  readonly #notAfterMs: number
  /** Monotonic, once the first tick has told the time. */
  #oldAtMs = -1
  readonly #retirement: Retirement

  constructor(
    socket: TLSSocket,
    peer: { readonly identity: SpiffeId; readonly notAfterMs: number },
    options: ServerConnectionOptions,
  ) {
    this.#options = options
    this.#headers = new HeaderBlockWatch(options.deadlines, options.counters)
    this.#retirement = new Retirement(options)
    this.#identity = peer.identity
    this.#notAfterMs = peer.notAfterMs
    this.load = options.clients.join(peer.identity)
    this.#address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
    this.transport = new HboneTransport(socket, options.flusher)
    this.h2 = new H2Connection(
      {
        onOutput: () => this.transport.wantFlush(),
        onStream: (stream, fields, isEnd) => this.#onStream(stream, fields, isEnd),
        onGoaway: () => this.#closeWhenIdle(),
        onSettings: () => {},
        onPong: () => {},
        onStreamClosed: () => {
          options.counters.openTunnels--
          this.load.tunnels--
          this.#closeWhenIdle()
        },
        onFailure: (_code, message) => {
          options.onWarning(
            `HBONE connection from ${this.#identity} at ${this.#address} failed: ${message}`,
            'connection',
          )
          this.transport.close()
        },
      },
      {
        role: 'server',
        settings: { maxConcurrentStreams: options.maxConcurrentStreams },
        addDate: options.addDate,
      },
    )
  }

  start(onGone: () => void): void {
    const { clients, onFault } = this.#options
    const onClosed = (): void => {
      clients.leave(this.load)
      onGone()
    }
    this.transport.start(this.h2, onClosed, onFault)
  }

  /** Called every second or so with the monotonic time. */
  tick(nowMs: number): void {
    this.transport.guard(() => {
      this.transport.tick(nowMs)
      this.#tickPreface(nowMs)
      if (this.#oldAtMs < 0) this.#oldAtMs = this.#drawAge(nowMs)
      this.#headers.tick(this.h2, nowMs)
    })
  }

  /** Whether the peer is to be retired, or a step further with that: what `endSome` does. Asked every second or so. */
  isEnding(nowMs: number, epochMs: number): boolean {
    if (this.#reasonToRetire(nowMs, epochMs) !== undefined) return true
    const phase = this.#retirement.phase(nowMs)
    return phase === 'over' || (phase === 'final' && this.h2.isOpen)
  }

  /** Costs more than one look does: for many of them it is to be spread (see `Slices`). */
  endSome(nowMs: number, epochMs: number): void {
    if (!this.transport.socket.destroyed) this.transport.guard(() => this.#endSome(nowMs, epochMs))
  }

  #endSome(nowMs: number, epochMs: number): void {
    const reason = this.#reasonToRetire(nowMs, epochMs)
    if (reason === 'expired') return this.#retire(reason, 'its certificate has run out')
    if (reason === 'aged') return this.#retire(reason)
    if (this.#retirement.phase(nowMs) !== 'over') return this.finish()
    this.#retirement.noteCut()
    this.transport.socket.destroy()
  }

  review(trust: Trust, chain: ChainKnowledge): void {
    const { socket } = this.transport
    if (socket.destroyed) return
    this.transport.guard(() => {
      const peer = judgeClient(socket, trust, chain)
      if (!peer.ok) this.#retire(retireReasonOf(peer.reason), peer.message)
    })
  }

  /** Takes no more tunnels, and closes when the last one ends. */
  finish(): void {
    this.h2.shutdown()
    this.#closeWhenIdle()
  }

  /** Ends at once, tunnels and all: GOAWAY with the reason, and the end of the connection behind it. */
  giveUp(why: string): void {
    this.transport.guard(() => this.h2.giveUp(why))
    this.transport.close()
  }

  /** `why` is for the log; without it there is nothing to say. */
  #retire(reason: RetireReason, why?: string): void {
    if (!this.#retirement.begin(reason)) return
    if (why !== undefined) {
      this.#options.onWarning(`HBONE connection from ${this.#identity} at ${this.#address} is ended: ${why}`, 'peer')
    }
    // Against whom nothing speaks gets to know in time for tunnels that are on their way.
    if (reason === 'expired' || reason === 'aged') this.h2.announceShutdown()
    else this.finish()
  }

  #reasonToRetire(nowMs: number, epochMs: number): 'expired' | 'aged' | undefined {
    const { reason } = this.#retirement
    if ((reason === undefined || reason === 'aged') && this.#notAfterMs <= epochMs) return 'expired'
    return reason === undefined && this.#oldAtMs > 0 && nowMs >= this.#oldAtMs ? 'aged' : undefined
  }

  #drawAge(nowMs: number): number {
    const { deadlines, random } = this.#options
    const { connectionAgeMs } = deadlines
    return connectionAgeMs === 0 ? Infinity : nowMs + connectionAgeMs * (1 + AGE_SPREAD * (random() - 0.5))
  }

  /** The preface with its SETTINGS, and the answer to ours (RFC 9113 section 6.5.3). */
  #tickPreface(nowMs: number): void {
    if (this.h2.isAcknowledged) return
    if (this.#sinceMs === 0) this.#sinceMs = nowMs
    const { prefaceMs } = this.#options.deadlines
    if (prefaceMs === 0 || nowMs - this.#sinceMs < prefaceMs || !this.h2.isOpen) return
    this.#options.counters.deadlines.preface++
    const what = this.h2.hasSettings ? 'no answer to our SETTINGS' : 'no preface and SETTINGS'
    this.h2.fail(SETTINGS_TIMEOUT, `${what} within ${prefaceMs} ms`)
  }

  #closeWhenIdle(): void {
    if (this.h2.openStreams === 0 && !this.h2.isOpen) this.transport.close()
  }

  #onStream(stream: H2Stream, fields: string[], isEnd: boolean): StreamHandler {
    const { counters, onTunnel, budget, onFault } = this.#options
    counters.openTunnels++
    counters.tunnelsTotal++
    this.load.tunnels++
    if (findField(fields, ':method') !== 'CONNECT' || findField(fields, ':protocol') !== undefined) {
      counters.connectRefused.notConnect++
      this.#refuse(stream, 405, ['allow', 'CONNECT'])
      return ignoreStream
    }
    const channel = new TunnelChannel(this.h2, budget, onFault)
    channel.attach(stream)
    let handler: StreamHandler = ignoreStream
    const request: TunnelRequest = {
      authority: findField(fields, ':authority') ?? '',
      source: this.#sourceOf(joinField(fields, 'baggage')),
      load: this.load,
      forwarded: parseForwarded(joinField(fields, 'forwarded') ?? ''),
      traceparent: findField(fields, 'traceparent'),
      accept: () => {
        this.h2.headers(stream, [':status', '200'], false)
        handler = channel
        return channel
      },
      refuse: (status) => this.#refuse(stream, status),
    }
    channel.guard(() => onTunnel(request))
    // END_STREAM on the CONNECT itself: the client has nothing to say, and the tunnel learns it once it is set up.
    if (isEnd && handler === channel) setImmediate(() => this.transport.guard(() => channel.onEnd()))
    return handler
  }

  /** Answers, and frees the stream although the client has not ended it (RFC 9113 section 8.1). */
  #refuse(stream: H2Stream, status: number, more?: readonly string[]): void {
    this.h2.answer(stream, status, more)
    this.h2.reset(stream, NO_ERROR)
  }

  #sourceOf(baggage: string | undefined): Source {
    const key = baggage === undefined || baggage.length > MAX_BAGGAGE_LENGTH ? '' : baggage
    const known = this.#sources.get(key)
    if (known !== undefined) return known
    // Whoever comes with ever new baggage gets one source for all the rest.
    if (key !== '' && this.#sources.size >= MAX_SOURCES) return this.#sourceOf(undefined)
    const source = describeSource(this.#identity, this.#address, key === '' ? undefined : key)
    this.#sources.set(key, source)
    return source
  }
}

/** Several headers of one name read as one, joined by commas. */
const joinField = (fields: readonly string[], name: string): string | undefined => {
  let joined: string | undefined
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] === name) joined = joined === undefined ? fields[i + 1] : `${joined},${fields[i + 1] ?? ''}`
  }
  return joined
}
