/**
 * Connections to endpoints, kept by who is there (workload and identity) and never by address alone: an address that
 * another pod took over is another pool (waypoint contract 1.7, istio/ztunnel#1637).
 */
import type { ConnectionOptions } from 'node:tls'
import type { Clock } from '../../lib/clock.ts'
import type { Endpoint } from '../../model/endpoint.ts'
import type { Counters } from '../counters.ts'
import type { Flusher } from '../flusher.ts'
import { HboneClient } from '../hbone/client.ts'
import type { Channel, ChannelHandler } from '../channel.ts'
import { UpstreamSession } from './session.ts'
import { dialPlain } from './socket-channel.ts'

export const HBONE_PORT = 15_008

export interface PoolOptions {
  readonly flusher: Flusher
  readonly counters: Counters
  readonly clock: Clock
  /** The current TLS options; asked at each dial, so that a rotation needs no call. */
  readonly clientTls: () => ConnectionOptions
  /** True for an address and port that this very process listens on. */
  readonly isSelf: (address: string, port: number) => boolean
  readonly connectTimeoutMs: number
  /** Where endpoints listen for HBONE; 15008 but in tests. */
  readonly hbonePort: number
  /** Idle sessions (tunnels, plaintext connections) are closed after this long. */
  readonly idleTimeoutMs: number
  /** Connections without a tunnel are closed after this long. */
  readonly connectionIdleTimeoutMs: number
}

/** Why no session could be had. */
export interface AcquireFailure {
  readonly kind: 'connect-failed' | 'wrong-identity' | 'refused' | 'timeout' | 'self-call' | 'no-identity'
  readonly message: string
}

export type Acquired =
  | { readonly ok: true; readonly session: UpstreamSession }
  | { readonly ok: false; readonly failure: AcquireFailure }

/** Sessions kept idle for one endpoint. */
const MAX_IDLE_SESSIONS = 256

/** All that is kept about one endpoint; the object outlives snapshots. */
export class EndpointPool {
  readonly endpoint: Endpoint
  readonly #options: PoolOptions
  readonly #clientsOf: () => HboneClient[]
  readonly #onLive: (pool: EndpointPool) => void
  readonly #idle: UpstreamSession[] = []
  /** Exchanges that are using it now. */
  active = 0

  constructor(
    endpoint: Endpoint,
    options: PoolOptions,
    ties: { readonly clientsOf: () => HboneClient[]; readonly onLive: (pool: EndpointPool) => void },
  ) {
    this.endpoint = endpoint
    this.#options = options
    this.#clientsOf = ties.clientsOf
    this.#onLive = ties.onLive
  }

  get isUnused(): boolean {
    return this.active === 0 && this.#idle.length === 0
  }

  /** The session that was used last, since it is the likeliest to be alive; `undefined` when a new one is needed. */
  takeIdle(): UpstreamSession | undefined {
    for (;;) {
      const session = this.#idle.pop()
      if (session === undefined || session.isUsable) return session
    }
  }

  /** Opens a new session; `done` is called once, never before this returns. */
  open(done: (acquired: Acquired) => void): void {
    const { endpoint } = this
    const port = endpoint.transport === 'hbone' ? this.#options.hbonePort : endpoint.port
    const refuse = (kind: AcquireFailure['kind'], message: string): void =>
      queueMicrotask(() => done({ ok: false, failure: { kind, message } }))
    if (this.#options.isSelf(endpoint.address, port)) {
      return refuse('self-call', `endpoint ${endpoint.address}:${port} is this waypoint itself`)
    }
    if (endpoint.transport === 'plain') return this.#openPlain(done)
    const { identity } = endpoint
    if (identity === undefined) {
      return refuse('no-identity', `endpoint ${endpoint.address} speaks HBONE but its service account is unknown`)
    }
    this.#clientFor(identity, port).open(authorityOf(endpoint), (result) => {
      if (result.ok) done({ ok: true, session: this.#adopt(result.channel) })
      else done(result)
    })
  }

  /** Closes sessions that were idle too long. */
  sweep(nowMs: number): void {
    const { idleTimeoutMs } = this.#options
    // The oldest are at the front: sessions are taken from and returned to the back.
    while (this.#idle[0] !== undefined && nowMs - this.#idle[0].idleSinceMs > idleTimeoutMs) {
      this.#idle.shift()?.close()
    }
  }

  close(): void {
    for (const session of this.#idle.splice(0)) session.close()
  }

  #openPlain(done: (acquired: Acquired) => void): void {
    const { address, port } = this.endpoint
    const { flusher, counters, connectTimeoutMs } = this.#options
    dialPlain({ address, port, timeoutMs: connectTimeoutMs, flusher }, (dialled) => {
      if ('channel' in dialled) {
        counters.upstreamConnectionsTotal++
        return done({ ok: true, session: this.#adopt(dialled.channel) })
      }
      counters.upstreamConnectFailures++
      return done({ ok: false, failure: { kind: 'connect-failed', message: dialled.failure } })
    })
  }

  #clientFor(identity: NonNullable<Endpoint['identity']>, port: number): HboneClient {
    const clients = this.#clientsOf()
    for (const client of clients) if (client.hasRoom) return client
    const client = new HboneClient({
      flusher: this.#options.flusher,
      counters: this.#options.counters,
      tls: this.#options.clientTls(),
      address: this.endpoint.address,
      port,
      identity,
      connectTimeoutMs: this.#options.connectTimeoutMs,
      onGone: (gone) => {
        const at = clients.indexOf(gone)
        if (at >= 0) clients.splice(at, 1)
      },
    })
    clients.push(client)
    return client
  }

  #adopt(channel: Channel & { handler: ChannelHandler }): UpstreamSession {
    const session = new UpstreamSession(channel, {
      onIdle: (idle) => {
        idle.idleSinceMs = this.#options.clock.monotonicMs()
        if (this.#idle.length >= MAX_IDLE_SESSIONS) idle.close()
        else this.#idle.push(idle)
      },
      onGone: (gone) => {
        const at = this.#idle.indexOf(gone)
        if (at >= 0) this.#idle.splice(at, 1)
      },
    })
    channel.handler = session
    this.#onLive(this)
    return session
  }
}

/** The pools of all endpoints, and the HBONE connections that endpoints of one workload share. */
export class Pools {
  readonly #options: PoolOptions
  readonly #pools = new Map<string, EndpointPool>()
  /** Those that may hold sessions; a group of an old snapshot can keep using one that left `#pools`. */
  readonly #live = new Set<EndpointPool>()
  readonly #clients = new Map<string, { readonly clients: HboneClient[]; idleSinceMs: number }>()

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** The pool of an endpoint, the same one as long as workload, identity, address and port are. */
  poolOf(endpoint: Endpoint): EndpointPool {
    const workload = `${endpoint.workload.uid}|${endpoint.identity ?? ''}|${endpoint.address}`
    const key = `${workload}|${endpoint.transport}|${endpoint.port}`
    let pool = this.#pools.get(key)
    if (pool === undefined) {
      pool = new EndpointPool(endpoint, this.#options, {
        clientsOf: () => this.#clientsOf(workload),
        onLive: (live) => this.#live.add(live),
      })
      this.#pools.set(key, pool)
    }
    return pool
  }

  /** Keep-alive and idle time-outs; called every second or so. */
  tick(nowMs: number): void {
    for (const pool of this.#live) {
      pool.sweep(nowMs)
      if (pool.isUnused) this.#live.delete(pool)
    }
    for (const [key, pool] of this.#pools) if (!this.#live.has(pool)) this.#pools.delete(key)
    for (const [key, entry] of this.#clients) {
      let isBusy = false
      for (const client of [...entry.clients]) {
        client.tick(nowMs)
        if (client.openTunnels > 0) isBusy = true
      }
      if (isBusy || entry.idleSinceMs === 0) entry.idleSinceMs = nowMs
      else if (nowMs - entry.idleSinceMs > this.#options.connectionIdleTimeoutMs) {
        for (const client of [...entry.clients]) client.retire()
      }
      if (entry.clients.length === 0) this.#clients.delete(key)
    }
  }

  /** Idle connections are closed, busy ones when their last tunnel ends: new dials use the new certificate and trust. */
  retireConnections(): void {
    for (const pool of this.#live) pool.close()
    for (const entry of this.#clients.values()) for (const client of [...entry.clients]) client.retire()
  }

  destroy(): void {
    for (const pool of this.#live) pool.close()
    for (const entry of this.#clients.values()) for (const client of [...entry.clients]) client.destroy()
  }

  #clientsOf(workload: string): HboneClient[] {
    let entry = this.#clients.get(workload)
    if (entry === undefined) {
      entry = { clients: [], idleSinceMs: 0 }
      this.#clients.set(workload, entry)
    }
    return entry.clients
  }
}

const authorityOf = (endpoint: Endpoint): string =>
  endpoint.address.includes(':') ? `[${endpoint.address}]:${endpoint.port}` : `${endpoint.address}:${endpoint.port}`
