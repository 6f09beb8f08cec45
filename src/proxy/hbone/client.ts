import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { H2Connection } from '../../http/h2/connection.ts'
import { CANCEL } from '../../http/h2/constants.ts'
import { readPeerIdentity } from '../../identity/peer.ts'
import type { SpiffeId } from '../../model/identity.ts'
import type { Counters } from '../counters.ts'
import type { Flusher } from '../flusher.ts'
import { HboneTransport } from './transport.ts'
import { TunnelChannel } from './tunnel.ts'

/** Why no tunnel could be had. */
export interface TunnelFailure {
  readonly kind: 'connect-failed' | 'wrong-identity' | 'refused' | 'timeout'
  readonly message: string
}

export type TunnelResult =
  | { readonly ok: true; readonly channel: TunnelChannel }
  | { readonly ok: false; readonly failure: TunnelFailure }

export interface HboneClientOptions {
  readonly flusher: Flusher
  readonly counters: Counters
  /** From `clientTlsOptions`. */
  readonly tls: ConnectionOptions
  readonly address: string
  readonly port: number
  /** The only identity that will be spoken to. */
  readonly identity: SpiffeId
  /** TCP and TLS together. */
  readonly connectTimeoutMs: number
  readonly onGone: (connection: HboneClient) => void
}

interface Waiter {
  readonly authority: string
  readonly done: (result: TunnelResult) => void
}

/** Tunnels on one connection, even if the peer allows more (ztunnel's own limit). */
const MAX_TUNNELS = 100

/** One HBONE connection to one workload, dialled at once. Tunnels asked for meanwhile wait for the handshake. */
export class HboneClient {
  readonly #options: HboneClientOptions
  readonly #transport: HboneTransport
  readonly #h2: H2Connection
  readonly #cancelTimeout: () => void
  #state: 'connecting' | 'open' | 'closing' | 'gone' = 'connecting'
  #waiting: Waiter[] = []

  constructor(options: HboneClientOptions) {
    this.#options = options
    const socket = connect({
      ...options.tls,
      host: options.address,
      port: options.port,
    })
    socket.setNoDelay(true)
    this.#transport = new HboneTransport(socket, options.flusher)
    this.#h2 = new H2Connection(
      {
        onOutput: () => this.#transport.wantFlush(),
        onStream: () => {
          throw new Error('a server cannot open streams')
        },
        onGoaway: () => this.#beginClose(),
        onSettings: () => this.#admit(),
        onPong: () => {},
        onStreamClosed: () => this.#onStreamClosed(),
        onFailure: () => this.#transport.close(),
      },
      { role: 'client' },
    )
    const timer = setTimeout(
      () => this.#fail('timeout', `timed out after ${options.connectTimeoutMs} ms`),
      options.connectTimeoutMs,
    )
    timer.unref()
    this.#cancelTimeout = () => clearTimeout(timer)
    socket.once('error', (error) => this.#fail('connect-failed', `failed: ${error.message}`))
    socket.once('close', () => this.#fail('connect-failed', 'was closed by the peer'))
    socket.once('secureConnect', () => this.#onSecure(socket))
  }

  /** Whether a further tunnel may be asked for here. */
  get hasRoom(): boolean {
    if (this.#state === 'connecting') return this.#waiting.length < MAX_TUNNELS
    if (this.#state !== 'open') return false
    return Math.min(MAX_TUNNELS - this.#h2.openStreams, this.#h2.freeStreams) - this.#waiting.length > 0
  }

  get openTunnels(): number {
    return this.#h2.openStreams + this.#waiting.length
  }

  /** Asks for a tunnel to `authority`; `done` is called once. */
  open(authority: string, done: (result: TunnelResult) => void): void {
    if (this.#state === 'open' && this.#h2.hasSettings) this.#connect({ authority, done })
    else this.#waiting.push({ authority, done })
  }

  tick(nowMs: number): void {
    if (this.#state === 'open' || this.#state === 'closing') this.#transport.tick(nowMs)
  }

  /** No new tunnels; closes when the last one does. */
  retire(): void {
    this.#beginClose()
  }

  destroy(): void {
    this.#transport.socket.destroy()
  }

  #onSecure(socket: TLSSocket): void {
    if (this.#state !== 'connecting') return
    const peer = readPeerIdentity(socket)
    if (!peer.ok || peer.identity !== this.#options.identity) {
      this.#options.counters.upstreamIdentityMismatches++
      const found = peer.ok ? peer.identity : peer.reason
      return this.#fail('wrong-identity', `reached ${found} instead of ${this.#options.identity}`)
    }
    this.#cancelTimeout()
    this.#state = 'open'
    this.#options.counters.upstreamConnectionsTotal++
    this.#options.counters.openUpstreamConnections++
    this.#transport.start(this.#h2, () => {
      this.#options.counters.openUpstreamConnections--
      this.#gone()
    })
  }

  /** The peer's settings are here: those who waited get their streams, as many as it allows. */
  #admit(): void {
    while (this.#waiting.length > 0 && this.#h2.freeStreams > 0) {
      const waiter = this.#waiting.shift()
      if (waiter !== undefined) this.#connect(waiter)
    }
  }

  #connect(waiter: Waiter): void {
    const channel = new TunnelChannel(this.#h2)
    const { address, port } = this.#options
    const refuse = (why: string): void =>
      waiter.done({
        ok: false,
        failure: { kind: 'refused', message: `HBONE CONNECT ${waiter.authority} at ${address}:${port} ${why}` },
      })
    channel.handler = {
      onData: () => {},
      onEnd: () => {},
      onDrain: () => {},
      onClosed: () => refuse('was reset'),
    }
    channel.onHead = (fields, isEnd) => {
      const status = fields[1] ?? ''
      if (status.startsWith('1')) return
      channel.onHead = undefined
      if (status === '200' && !isEnd) return waiter.done({ ok: true, channel })
      channel.reset(CANCEL)
      refuse(`was answered ${status}`)
    }
    channel.attach(this.#h2.open([':method', 'CONNECT', ':authority', waiter.authority], channel, false))
  }

  #onStreamClosed(): void {
    if (this.#waiting.length > 0) this.#admit()
    else if (this.#state === 'closing' && this.#h2.openStreams === 0) this.#transport.close()
  }

  #beginClose(): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#options.onGone(this)
    this.#abandonWaiting('connect-failed', 'is closing')
    if (this.#h2.openStreams === 0) this.#transport.close()
  }

  #fail(kind: TunnelFailure['kind'], why: string): void {
    if (this.#state !== 'connecting') return
    this.#options.counters.upstreamConnectFailures++
    this.#cancelTimeout()
    this.#state = 'gone'
    this.#options.onGone(this)
    this.#transport.socket.destroy()
    this.#abandonWaiting(kind, why)
  }

  #gone(): void {
    this.#state = 'gone'
    this.#options.onGone(this)
    this.#abandonWaiting('connect-failed', 'was closed')
  }

  #abandonWaiting(kind: TunnelFailure['kind'], why: string): void {
    const { address, port } = this.#options
    const hint = kind === 'timeout' ? ': a NetworkPolicy may block the port' : ''
    const message = `HBONE connect to ${address}:${port} ${why}${hint}`
    const waiting = this.#waiting
    this.#waiting = []
    for (const waiter of waiting) waiter.done({ ok: false, failure: { kind, message } })
  }
}
