/**
 * What becomes of a tunnel that was accepted: who serves it is decided by what its port is declared to speak, by its
 * routes, or by its first bytes. The only place that knows all servers of tunnels.
 */
import type { Clock } from '../../lib/clock.ts'
import { findFrontend } from '../../snapshot/resolve.ts'
import type { TunnelKind } from '../../snapshot/resolve-tcp.ts'
import type { Frontend } from '../../snapshot/snapshot.ts'
import type { Counters } from '../counters.ts'
import { startDeadline } from '../limits/deadlines.ts'
import type { Deadlines } from '../limits/deadlines.ts'
import { visitInSlices } from '../limits/ticks.ts'
import type { RestExpiry } from '../limits/tunnel-watch.ts'
import type { TunnelOrigin } from '../request/begin-exchange.ts'
import type { LiveStream } from '../security/live/live-review.ts'
import { deniesConnect } from '../tcp/deny-connect.ts'
import { HelloEntry } from '../tcp/hello-entry.ts'
import type { HelloOutcome } from '../tcp/hello-entry.ts'
import { TcpTunnel } from '../tcp/tcp-tunnel.ts'
import type { TcpDeps, TcpOrigin } from '../tcp/tcp-tunnel.ts'
import { Farewell } from './farewell.ts'
import { HttpVersionSniffer, ProtocolSniffer } from './sniffer.ts'
import type { Spoken } from './sniffer.ts'
import { TunnelEntry } from './tunnel-entry.ts'
import { handOver } from './tunnel-server.ts'
import type { ServedChannel, TunnelServer } from './tunnel-server.ts'

/** Tunnels on which nothing is under way, that are passed over in one go. */
const IDLE_AT_A_TIME = 256
const NOTHING: LiveStream = { review: () => {} }
const NOTHING_LIVE: readonly LiveStream[] = []

export interface TunnelsOptions {
  readonly clock: Clock
  readonly counters: Counters
  readonly deadlines: Deadlines
  /** Servers say `forget` when nothing is left of their tunnel. */
  readonly http1: (channel: ServedChannel, origin: TunnelOrigin) => TunnelServer
  readonly http2: (channel: ServedChannel, origin: TunnelOrigin) => TunnelServer
  readonly tcp: TcpDeps
}

/** All tunnels of the process, each with whoever serves it at the moment. */
export class Tunnels {
  readonly #options: TunnelsOptions
  readonly #servers = new Set<TunnelServer>()

  constructor(options: TunnelsOptions) {
    this.#options = options
  }

  /** Takes a tunnel on. */
  open(channel: ServedChannel, origin: TunnelOrigin, kind: TunnelKind): void {
    handOver(channel, this.#keep(this.#firstServer(channel, origin, kind)))
  }

  /** Whether policies refuse a tunnel that is not open yet, as far as that can be known now. */
  denies(frontend: Frontend, origin: TunnelOrigin, kind: TunnelKind): boolean {
    return kind === 'tcp' && deniesConnect(frontend, origin, this.#options.tcp)
  }

  /** Nothing is left of a tunnel, or another server has it. */
  forget(server: TunnelServer): void {
    this.#servers.delete(server)
  }

  /** To be called as often as deadlines want it, with the monotonic time. */
  tick(nowMs: number): void {
    visitInSlices(this.#servers, (server) => this.#guard(server, () => server.tick(nowMs)))
  }

  /** All that is under way, one by one; now and then nothing, so that nobody has to wait for the end of many idle tunnels. */
  *live(): Generator<LiveStream> {
    let idle = 0
    for (const server of this.#servers) {
      const live = server.live?.() ?? NOTHING_LIVE
      if (live.length > 0) yield* live
      else if (++idle % IDLE_AT_A_TIME === 0) yield NOTHING
    }
  }

  /** For draining: tunnels on which nothing is under way end now. */
  closeIdle(): void {
    for (const server of this.#servers) this.#guard(server, () => server.closeIfIdle())
  }

  /** For draining, at its end: clients hear why. */
  giveUp(why: string): void {
    for (const server of this.#servers) this.#guard(server, () => server.giveUp?.(why))
  }

  #firstServer(channel: ServedChannel, origin: TunnelOrigin, kind: TunnelKind): TunnelServer {
    switch (kind) {
      case 'http':
        return this.#awaitVersion(channel, origin)
      case 'sniff':
        return this.#awaitProtocol(channel, origin)
      case 'tls':
        return this.#awaitHello(channel, origin)
      case 'tcp':
        return this.#tcp(channel, origin)
    }
  }

  #awaitVersion(channel: ServedChannel, origin: TunnelOrigin): TunnelEntry {
    return new TunnelEntry(channel, {
      sniffer: new HttpVersionSniffer(),
      deadlines: this.#options.deadlines,
      // What is not HTTP, or breaks off, is for the server of HTTP/1.1 to refuse.
      serverFor: (spoken) => this.#keep(this.#serverOf(spoken === 'other' ? 'http1' : spoken, channel, origin)),
      onExpired: this.#onExpired,
      onClosed: this.#onClosed,
    })
  }

  #awaitProtocol(channel: ServedChannel, origin: TunnelOrigin): TunnelEntry {
    const { clock, counters, deadlines } = this.#options
    let isGivenUp = false
    const cancel = startDeadline(clock, deadlines.protocolDetectionMs, () => {
      isGivenUp = true
      counters.deadlines.protocolDetection++
      this.#guard(entry, () => entry.giveUp())
    })
    const entry = new TunnelEntry(channel, {
      sniffer: new ProtocolSniffer(),
      deadlines,
      serverFor: (spoken) =>
        this.#keep(this.#serverOf(isGivenUp && spoken === 'other' ? 'undecided' : spoken, channel, origin)),
      onExpired: this.#onExpired,
      onClosed: () => {
        cancel()
        this.forget(entry)
      },
    })
    return entry
  }

  #awaitHello(channel: ServedChannel, origin: TcpOrigin): HelloEntry {
    const { counters, deadlines } = this.#options
    return new HelloEntry(channel, {
      deadlineMs: deadlines.clientHelloMs,
      serverFor: (hello) => {
        if (hello.kind === 'nothing') return this.#keep(new Farewell(channel, this.#onClosed))
        if (hello.kind === 'timeout') counters.deadlines.clientHello++
        return this.#keep(this.#tcp(channel, origin, hello))
      },
      onClosed: this.#onClosed,
    })
  }

  #serverOf(spoken: Spoken | 'undecided' | 'nothing', channel: ServedChannel, origin: TunnelOrigin): TunnelServer {
    switch (spoken) {
      case 'http1':
        return this.#options.http1(channel, origin)
      case 'http2':
        return this.#options.http2(channel, origin)
      case 'tls':
        if (this.#isNameWanted(origin)) return this.#awaitHello(channel, origin)
        // Neither a TLSRoute nor a policy asks for the name: it stays unknown.
        return this.#tcp(channel, origin, { kind: 'hello', sni: undefined })
      case 'other':
        return this.#tcp(channel, origin, { kind: 'none' })
      case 'undecided':
        // It may still begin with TLS.
        return this.#isNameWanted(origin)
          ? this.#awaitHello(channel, undecided(origin))
          : this.#tcp(channel, undecided(origin))
      case 'nothing':
        return new Farewell(channel, this.#onClosed)
    }
  }

  #isNameWanted({ authority }: TunnelOrigin): boolean {
    const snapshot = this.#options.tcp.snapshot()
    const frontend = snapshot === undefined ? undefined : findFrontend(snapshot, authority)
    return (
      frontend !== undefined && (frontend.authorization?.wantsServerName === true || frontend.chain.onTunnel.length > 0)
    )
  }

  #tcp(channel: ServedChannel, origin: TcpOrigin, hello?: HelloOutcome): TcpTunnel {
    const whole: TcpOrigin = hello === undefined ? origin : { ...origin, hello }
    return new TcpTunnel(channel, whole, this.#options.tcp, this.#onClosed)
  }

  /** So that a bug that one meets keeps nobody else from their turn. */
  #guard(server: TunnelServer, act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#fail(server, error)
    }
  }

  /** A bug of ours that no peer's bytes have led to, so that no connection catches it: the tunnel ends. */
  #fail(server: TunnelServer, error: unknown): void {
    const { onError } = this.#options.tcp
    onError('a tunnel failed', error)
    try {
      server.abort()
    } catch (second) {
      onError('a tunnel did not end in order', second)
      this.forget(server)
    }
  }

  #keep(server: TunnelServer): TunnelServer {
    this.#servers.add(server)
    return server
  }

  readonly #onClosed = (server: TunnelServer): void => this.forget(server)

  readonly #onExpired = (expiry: RestExpiry): void => {
    this.#options.counters.deadlines[expiry === 'keep-alive' ? 'keepAliveIdle' : 'requestHead']++
  }
}

const undecided = (origin: TunnelOrigin): TcpOrigin => ({ ...origin, isUndecided: true })
