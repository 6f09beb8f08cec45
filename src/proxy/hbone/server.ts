/**
 * The HBONE listener: mutual TLS, the peer's identity, and CONNECT (waypoint contract 1). It knows tunnels and who
 * opened them; what is said inside is for `onTunnel`.
 */
import type { TLSSocket } from 'node:tls'
import { createDating } from '../../http/date.ts'
import type { Credentials } from '../../identity/credentials.ts'
import type { TlsSettings } from '../../identity/tls.ts'
import { judgeClient } from '../../identity/trust/peer.ts'
import type { PeerIdentity } from '../../identity/trust/peer.ts'
import type { Trust } from '../../identity/trust/trust.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Clock } from '../../lib/clock.ts'
import { rethrow } from '../../lib/errors/rethrow.ts'
import type { Counters } from '../counters.ts'
import type { Flusher } from '../flusher.ts'
import type { ByteBudget } from '../limits/byte-budget.ts'
import { defaultDeadlines } from '../limits/deadlines.ts'
import type { Deadlines } from '../limits/deadlines.ts'
import { TICK_FAULT, visitEach } from '../limits/ticks.ts'
import type { SourceLoad } from '../overload/source-load.ts'
import { Sources } from '../overload/sources.ts'
import { decodeTrust } from './mesh-identity.ts'
import type { ReviewedPeer } from './peer-review.ts'
import { Slices } from './slices.ts'
import { ServerConnection } from './server-connection.ts'
import type { ServerConnectionOptions, TunnelRequest } from './server-connection.ts'
import { TlsGate } from './tls-gate.ts'
import type { OnFault } from './tunnel.ts'

export type { TunnelRequest } from './server-connection.ts'

export interface HboneServerOptions {
  readonly credentials: Credentials
  readonly trustDomains: readonly string[]
  /** What `credentials` and `trustDomains` come to, where it is known already. */
  readonly trust?: Trust
  /** By which certificates run out; default: the machine's. */
  readonly clock?: Clock
  readonly tls: TlsSettings
  readonly flusher: Flusher
  readonly counters: Counters
  /** What is held of what peers send counts there. */
  readonly budget?: ByteBudget
  /** Those that are connected are in there. */
  readonly clients?: Sources
  /** Of which `handshakeMs` and those of a `ServerConnection` count here; default `defaultDeadlines`. */
  readonly deadlines?: Deadlines
  readonly onTunnel: (request: TunnelRequest) => void
  /** A peer did something wrong. There may be very many of them: `kind` is what to limit them by. */
  readonly onWarning: (message: string, kind: 'handshake' | 'peer' | 'connection' | 'listener') => void
  /** Our own code threw while it handled what a peer sent: that tunnel or connection is given up. Default: thrown on. */
  readonly onFault?: OnFault
  /** Connections at a time, handshakes included, above which new ones are closed unseen; default 10,000. */
  readonly maxConnections?: number
  /** Default `Math.random`. */
  readonly random?: () => number
  /** Default 100, as Envoy's waypoint; ztunnel opens another connection above it. */
  readonly maxConcurrentStreams?: number
}

/** HBONE connections of one process at a time, unless told otherwise. */
export const MAX_CONNECTIONS = 10_000

export class HboneServer {
  readonly #gate: TlsGate
  readonly #options: HboneServerOptions
  readonly #connectionOptions: ServerConnectionOptions
  readonly #connections = new Set<ServerConnection>()
  readonly #clock: Clock
  /** Those whose peer is not permitted any more, or that are old. */
  readonly #endings: Slices<ServerConnection>
  #trust: Trust
  #phase: 'serving' | 'announced' | 'final' | 'destroyed' = 'serving'

  constructor(options: HboneServerOptions) {
    const { deadlines = defaultDeadlines, maxConcurrentStreams = 100, budget, onFault } = options
    const { clients = new Sources(), random = Math.random } = options
    this.#options = options
    const { clock = systemClock } = options
    this.#clock = clock
    this.#endings = new Slices((connection) => connection.endSome(clock.monotonicMs(), clock.nowMs()), clock)
    this.#trust = options.trust ?? this.#decodeTrust(options.credentials)
    const addDate = createDating(clock.nowMs)
    this.#connectionOptions = { ...options, deadlines, maxConcurrentStreams, budget, onFault, clients, random, addDate }
    this.#gate = new TlsGate({
      credentials: options.credentials,
      tls: options.tls,
      handshakeMs: deadlines.handshakeMs,
      maxConnections: options.maxConnections ?? MAX_CONNECTIONS,
      // Handshakes share the loop as it really is, whatever clock the rest is tested with.
      clock: systemClock,
      counters: options.counters,
      onSecure: (socket, isCurrent) => this.#accept(socket, isCurrent),
      onWarning: options.onWarning,
    })
  }

  /** Starts to listen; rejects with Node's error (`EADDRINUSE`, …). With `reusePort` several processes may share it. */
  listen(options: { readonly host: string; readonly port: number; readonly reusePort: boolean }): Promise<number> {
    return this.#gate.listen(options)
  }

  /** New handshakes use these from now on; open connections stay until somebody reviews them. */
  rotate(credentials: Credentials, trust = this.#decodeTrust(credentials)): void {
    this.#gate.rotate(credentials)
    this.#trust = trust
  }

  /** Everybody who is let in, as of when it is read. */
  peers(): Iterable<ReviewedPeer> {
    return this.#connections
  }

  tick(nowMs: number): void {
    const epochMs = this.#clock.nowMs()
    const ending: ServerConnection[] = []
    const look = (connection: ServerConnection): void => {
      connection.tick(nowMs)
      if (connection.isEnding(nowMs, epochMs)) ending.push(connection)
    }
    const { onFault = rethrow } = this.#options
    visitEach(this.#connections, look, (error) => onFault(error, TICK_FAULT))
    // Those of an earlier tick that have not had their turn are among them.
    if (ending.length > 0 && !this.#endings.isUnderWay) this.#endings.add(ending)
  }

  /** First step of draining: no new connections, and peers are told to open no new tunnels. */
  announceDrain(): void {
    this.#phase = 'announced'
    this.#gate.stopListening()
    for (const connection of this.#connections) connection.h2.announceShutdown()
  }

  /** Second step: tunnels that come now are ignored; connections close when their last tunnel does. */
  finishDrain(): void {
    this.#phase = 'final'
    for (const connection of this.#connections) connection.finish()
  }

  /** Closes so many of a client's connections, those with most tunnels first; returns how many there were. */
  closeOf(load: SourceLoad, most: number): number {
    const found = [...this.#connections]
      .filter((connection) => connection.load === load)
      .toSorted((a, b) => b.h2.openStreams - a.h2.openStreams)
      .slice(0, most)
    for (const connection of found) connection.transport.socket.destroy()
    return found.length
  }

  get openConnections(): number {
    return this.#connections.size
  }

  get openTunnels(): number {
    return this.#options.counters.openTunnels
  }

  /** Last step of draining: whatever is under way ends now, and its client is told why. */
  giveUp(why: string): void {
    for (const connection of this.#connections) connection.giveUp(why)
  }

  /** Ends everything at once. */
  destroy(): void {
    this.#phase = 'destroyed'
    this.#gate.destroy()
    for (const connection of this.#connections) connection.transport.socket.destroy()
  }

  #accept(socket: TLSSocket, isCurrent: boolean): void {
    // Until somebody else listens for it: an error without a listener would end the process.
    socket.on('error', () => socket.destroy())
    if (this.#phase === 'destroyed' || socket.destroyed) return void socket.destroy()
    const { counters } = this.#options
    const peer = this.#judge(socket, isCurrent)
    if (!peer.ok) {
      counters.untrustedPeers++
      counters.handshakeRefusals[peer.reason]++
      this.#options.onWarning(`HBONE peer ${socket.remoteAddress ?? ''} refused: ${peer.message}`, 'peer')
      socket.destroy()
      return
    }
    socket.setNoDelay(true)
    const connection = new ServerConnection(socket, peer, this.#connectionOptions)
    this.#connections.add(connection)
    counters.openConnections++
    counters.connectionsTotal++
    connection.start(() => {
      this.#connections.delete(connection)
      counters.openConnections--
    })
    // The handshake began before we stopped to listen.
    if (this.#phase === 'announced') connection.h2.announceShutdown()
    else if (this.#phase === 'final') connection.finish()
  }

  #judge(socket: TLSSocket, isChainProven: boolean): PeerIdentity {
    try {
      return judgeClient(socket, this.#trust, { nowMs: this.#clock.nowMs(), isChainProven })
    } catch (error) {
      // Certificates are written by others, and read by code that is not ours.
      return { ok: false, reason: 'malformed', message: `its certificate cannot be read: ${String(error)}` }
    }
  }

  #decodeTrust(credentials: Credentials): Trust {
    return decodeTrust(credentials, { trustDomains: this.#options.trustDomains, nowMs: this.#clock.nowMs() })
  }
}
