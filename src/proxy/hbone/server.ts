/**
 * The HBONE listener: mutual TLS, the peer's identity, and CONNECT (waypoint contract 1). It knows tunnels and who
 * opened them; what is said inside is for `onTunnel`.
 */
import { createServer } from 'node:tls'
import type { Server, TLSSocket } from 'node:tls'
import type { Source } from '../../filter/record.ts'
import { H2Connection } from '../../http/h2/connection.ts'
import { NO_ERROR } from '../../http/h2/constants.ts'
import { findField } from '../../http/h2/fields.ts'
import type { H2Stream, StreamHandler } from '../../http/h2/stream.ts'
import { ignoreStream } from '../../http/h2/stream.ts'
import type { Credentials } from '../../identity/credentials.ts'
import { isTrusted, readPeerIdentity } from '../../identity/peer.ts'
import { explainHandshakeFailure, rotateServerContext, serverTlsOptions } from '../../identity/tls.ts'
import type { TlsSettings } from '../../identity/tls.ts'
import type { SpiffeId } from '../../model/identity.ts'
import type { Counters } from '../counters.ts'
import type { Flusher } from '../flusher.ts'
import type { Deadlines } from '../limits/deadlines.ts'
import { describeSource } from './baggage.ts'
import { parseForwarded } from './forwarded.ts'
import type { Forwarded } from './forwarded.ts'
import { HboneTransport } from './transport.ts'
import { TunnelChannel } from './tunnel.ts'

/** A CONNECT that was asked for; whoever gets it answers. */
export interface TunnelRequest {
  readonly authority: string
  readonly source: Source
  /** What the sender says it is for: for messages only. */
  readonly forwarded: Forwarded
  /** Answers 200 and gives the tunnel. */
  readonly accept: () => TunnelChannel
  /** Answers with that status and no body. */
  readonly refuse: (status: number) => void
}

export interface HboneServerOptions {
  readonly credentials: Credentials
  readonly trustDomains: readonly string[]
  readonly tls: TlsSettings
  readonly flusher: Flusher
  readonly counters: Counters
  /** Of which `handshakeMs` and `prefaceMs` count here; default `defaultDeadlines`. */
  readonly deadlines?: Deadlines
  readonly onTunnel: (request: TunnelRequest) => void
  /** A peer did something wrong. There may be very many of them: `kind` is what to limit them by. */
  readonly onWarning: (message: string, kind: 'handshake' | 'peer' | 'connection' | 'listener') => void
  /** Our own code threw while it handled what a peer sent: that connection is given up. Default: thrown on. */
  readonly onFault?: (error: unknown) => void
  /** Connections at a time, handshakes included, above which new ones are closed unseen; default 10,000. */
  readonly maxConnections?: number
  /** Default 100, as Envoy's waypoint; ztunnel opens another connection above it. */
  readonly maxConcurrentStreams?: number
}

/** Sources kept for one connection: one for each distinct baggage, and a peer gets no more than this. */
const MAX_SOURCES = 32
/** ztunnel writes about 300 bytes; longer baggage is not read. */
const MAX_BAGGAGE_LENGTH = 4096
const MAX_CONNECTIONS = 10_000

export class HboneServer {
  readonly #server: Server
  readonly #options: HboneServerOptions
  readonly #connections = new Set<ServerConnection>()
  #phase: 'serving' | 'announced' | 'final' | 'destroyed' = 'serving'

  constructor(options: HboneServerOptions) {
    this.#options = options
    this.#server = createServer(serverTlsOptions(options.credentials, options.tls))
    this.#server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS
    this.#server.on('drop', () => options.onWarning('HBONE connections refused: too many are open', 'listener'))
    this.#server.on('secureConnection', (socket) => this.#accept(socket))
    this.#server.on('tlsClientError', (error, socket) => {
      options.counters.tlsHandshakeFailures++
      options.onWarning(`HBONE handshake failed: ${explainHandshakeFailure(error, socket)}`, 'handshake')
    })
  }

  /** Starts to listen; rejects with Node's error (`EADDRINUSE`, …). With `reusePort` several processes may share it. */
  listen(options: { readonly host: string; readonly port: number; readonly reusePort: boolean }): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ ...options, backlog: 1024 }, () => {
        this.#server.off('error', reject)
        this.#server.on('error', (error) => this.#options.onWarning(`HBONE listener: ${error.message}`, 'listener'))
        const address = this.#server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : options.port)
      })
    })
  }

  /** New handshakes use these from now on; open connections stay. */
  rotate(credentials: Credentials): void {
    rotateServerContext(this.#server, credentials, this.#options.tls)
  }

  tick(nowMs: number): void {
    for (const connection of this.#connections) connection.transport.tick(nowMs)
  }

  /** First step of draining: no new connections, and peers are told to open no new tunnels. */
  announceDrain(): void {
    this.#phase = 'announced'
    this.#server.close()
    for (const connection of this.#connections) connection.h2.announceShutdown()
  }

  /** Second step: tunnels that come now are ignored; connections close when their last tunnel does. */
  finishDrain(): void {
    this.#phase = 'final'
    for (const connection of this.#connections) connection.finish()
  }

  get openConnections(): number {
    return this.#connections.size
  }

  /** Ends everything at once. */
  destroy(): void {
    this.#phase = 'destroyed'
    this.#server.close()
    for (const connection of this.#connections) connection.transport.socket.destroy()
  }

  #accept(socket: TLSSocket): void {
    // Until somebody else listens for it: an error without a listener would end the process.
    socket.on('error', () => socket.destroy())
    const { counters } = this.#options
    const refusal = this.#judge(socket)
    if (typeof refusal !== 'object') {
      if (refusal !== undefined) {
        counters.untrustedPeers++
        this.#options.onWarning(`HBONE peer ${socket.remoteAddress ?? ''} refused: ${refusal}`, 'peer')
      }
      socket.destroy()
      return
    }
    socket.setNoDelay(true)
    const connection = new ServerConnection(socket, refusal.identity, this.#options)
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

  /** Who it is, or why it may not come in; `undefined` when nobody may any more. */
  #judge(socket: TLSSocket): { readonly identity: SpiffeId } | string | undefined {
    if (this.#phase === 'destroyed' || socket.destroyed) return undefined
    try {
      const peer = readPeerIdentity(socket)
      if (!peer.ok) return peer.reason
      if (!isTrusted(peer.identity, this.#options.trustDomains)) return `${peer.identity} is of a foreign trust domain`
      return peer
    } catch (error) {
      // Certificates are written by others, and read by code that is not ours.
      return `its certificate cannot be read: ${String(error)}`
    }
  }
}

class ServerConnection {
  readonly h2: H2Connection
  readonly transport: HboneTransport
  readonly #options: HboneServerOptions
  readonly #identity: SpiffeId
  readonly #address: string
  readonly #sources = new Map<string, Source>()

  constructor(socket: TLSSocket, identity: SpiffeId, options: HboneServerOptions) {
    this.#options = options
    this.#identity = identity
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
      { role: 'server', settings: { maxConcurrentStreams: options.maxConcurrentStreams ?? 100 } },
    )
  }

  start(onGone: () => void): void {
    this.transport.start(this.h2, onGone, this.#options.onFault)
  }

  /** Takes no more tunnels, and closes when the last one ends. */
  finish(): void {
    this.h2.shutdown()
    this.#closeWhenIdle()
  }

  #closeWhenIdle(): void {
    if (this.h2.openStreams === 0 && !this.h2.isOpen) this.transport.close()
  }

  #onStream(stream: H2Stream, fields: string[], isEnd: boolean): StreamHandler {
    const { counters, onTunnel } = this.#options
    counters.openTunnels++
    counters.tunnelsTotal++
    if (findField(fields, ':method') !== 'CONNECT' || findField(fields, ':protocol') !== undefined) {
      counters.connectRefused.notConnect++
      this.#refuse(stream, [':status', '405', 'allow', 'CONNECT'])
      return ignoreStream
    }
    const channel = new TunnelChannel(this.h2, stream)
    let handler: StreamHandler = ignoreStream
    onTunnel({
      authority: findField(fields, ':authority') ?? '',
      source: this.#sourceOf(joinField(fields, 'baggage')),
      forwarded: parseForwarded(joinField(fields, 'forwarded') ?? ''),
      accept: () => {
        this.h2.headers(stream, [':status', '200'], false)
        handler = channel
        return channel
      },
      refuse: (status) => this.#refuse(stream, [':status', String(status)]),
    })
    // END_STREAM on the CONNECT itself: the client has nothing to say, and the tunnel learns it once it is set up.
    if (isEnd && handler === channel) setImmediate(() => this.transport.guard(() => channel.onEnd()))
    return handler
  }

  /** Answers, and frees the stream although the client has not ended it (RFC 9113 section 8.1). */
  #refuse(stream: H2Stream, fields: readonly string[]): void {
    this.h2.headers(stream, fields, true)
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
