/**
 * Connections to endpoints, kept by who is there (workload and identity) and never by address alone: an address that
 * another pod took over is another pool (waypoint contract 1.7, istio/ztunnel#1637).
 */
import type { ConnectionOptions } from 'node:tls'
import type { Clock } from '../../lib/clock.ts'
import { joinHostPort } from '../../lib/ip.ts'
import type { BackendTls, Endpoint } from '../../model/endpoint.ts'
import type { SpiffeId } from '../../model/identity.ts'
import type { Counters } from '../counters.ts'
import type { Flusher } from '../flusher.ts'
import type { TunnelFailure } from '../hbone/client.ts'
import { HboneClient, MAX_TUNNELS } from '../hbone/client.ts'
import type { ByteBudget } from '../limits/byte-budget.ts'
import type { TurnBudget } from '../limits/turn-budget.ts'
import { UpstreamSession } from './session.ts'
import type { SessionKeeper } from './session.ts'
import { dialPlain } from './socket-channel.ts'
import type { BackendTrust } from './tls/backend-trusts.ts'
import { BackendTrusts } from './tls/backend-trusts.ts'
import type { HandledChannel } from './tls/cipher-stream.ts'
import { Handshake } from './tls/handshake.ts'
import type { Resumption } from './tls/handshake.ts'

export const HBONE_PORT = 15_008

export interface PoolOptions {
  readonly flusher: Flusher
  readonly budget: ByteBudget
  readonly counters: Counters
  readonly clock: Clock
  /** The current TLS options; asked at each dial, so that a rotation needs no call. */
  readonly clientTls: () => ConnectionOptions
  /** True for an address and port that this very process listens on. */
  readonly isSelf: (address: string, port: number) => boolean
  /** How much of what endpoints send is worked on in one turn; default: everything. */
  readonly turns?: TurnBudget
  /** 0 for none. */
  readonly connectTimeoutMs: number
  /** Where endpoints listen for HBONE; 15008 but in tests. */
  readonly hbonePort: number
  /** Idle sessions (tunnels, plaintext connections) are closed after this long. */
  readonly idleTimeoutMs: number
  /** Connections without a tunnel are closed after this long. */
  readonly connectionIdleTimeoutMs: number
  /** Our own code threw; the exchange or connection that it happened to is given up. */
  readonly onFault: (error: unknown) => void
}

/** Why no session could be had. */
export interface AcquireFailure {
  readonly kind: TunnelFailure['kind'] | 'self-call' | 'no-identity'
  readonly message: string
}

export type Acquired =
  | { readonly ok: true; readonly session: UpstreamSession }
  | { readonly ok: false; readonly failure: AcquireFailure }

/** Sessions kept idle for one endpoint. */
const MAX_IDLE_SESSIONS = 256
/** How long an endpoint may keep its direction open after we ended ours. */
const CLOSE_TIMEOUT_MS = 5000
/** Connections tried for one tunnel while each turns out to be full or ending. */
const MAX_DIALS = 3

/** The HBONE connections to one workload, which all its ports share. */
interface Workload {
  readonly clients: HboneClient[]
  idleSinceMs: number
  /** As the last connection's SETTINGS had it, for guessing how many the next one will take. */
  maxTunnels: number
}

/** What a pool has in common with others. */
interface PoolTies {
  readonly workload: () => Workload
  /** How the application is spoken to; `undefined`: in plaintext. */
  readonly trust: BackendTrust | undefined
  readonly onLive: (pool: EndpointPool) => void
}

/** All that is kept about one endpoint; the object outlives snapshots. */
export class EndpointPool {
  readonly endpoint: Endpoint
  readonly #options: PoolOptions
  readonly #ties: PoolTies
  readonly #handshakes = new Set<Handshake>()
  readonly #resumption: Resumption = { session: undefined, verifiedAtMs: 0 }
  readonly #idle: UpstreamSession[] = []
  /** Closed by us and not yet by the endpoint, since when. */
  readonly #closing = new Map<UpstreamSession, number>()
  /** Exchanges that are using it now. */
  active = 0

  constructor(endpoint: Endpoint, options: PoolOptions, ties: PoolTies) {
    this.endpoint = endpoint
    this.#options = options
    this.#ties = ties
  }

  get isUnused(): boolean {
    return this.active === 0 && this.#idle.length === 0 && this.#closing.size === 0 && this.#handshakes.size === 0
  }

  /** No snapshot has the TLS settings that its sessions were made with. */
  get isRetired(): boolean {
    return this.#ties.trust?.isRetired === true
  }

  /** The session that was used last, since it is the likeliest to be alive; `undefined` when a new one is needed. */
  takeIdle(): UpstreamSession | undefined {
    for (;;) {
      const session = this.#idle.pop()
      if (session === undefined || session.isUsable) return session
      session.close()
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
    const startedMs = this.#options.clock.monotonicMs()
    if (endpoint.transport === 'plain') return this.#openPlain(startedMs, done)
    const { identity } = endpoint
    if (identity === undefined) {
      return refuse('no-identity', `endpoint ${endpoint.address} speaks HBONE but its service account is unknown`)
    }
    this.#openTunnel({ identity, port, startedMs, dialsLeft: MAX_DIALS }, done)
  }

  /** Closes sessions that were idle too long or cannot be used again, and ends those that closing did not end. */
  sweep(nowMs: number): void {
    const { idleTimeoutMs } = this.#options
    for (const session of [...this.#idle]) {
      if (nowMs - session.idleSinceMs > idleTimeoutMs || !session.isUsable) session.close()
    }
    for (const [session, sinceMs] of this.#closing) if (nowMs - sinceMs > CLOSE_TIMEOUT_MS) session.cut()
  }

  /** Closes idle sessions politely. */
  close(): void {
    for (const session of [...this.#idle]) session.close()
  }

  /** Ends idle sessions at once. */
  destroy(): void {
    for (const session of [...this.#idle]) session.abandon()
    for (const session of [...this.#closing.keys()]) session.cut()
    for (const handshake of [...this.#handshakes]) handshake.cancel()
  }

  #openTunnel(
    way: {
      readonly identity: SpiffeId
      readonly port: number
      readonly startedMs: number
      readonly dialsLeft: number
    },
    done: (acquired: Acquired) => void,
  ): void {
    const client = this.#clientFor(way.identity, way.port)
    client.open(authorityOf(this.endpoint), (result) => {
      if (result.ok) return this.#secure(result.channel, way.startedMs, done)
      this.#ties.workload().maxTunnels = Math.max(1, client.maxTunnels)
      if (result.failure.kind !== 'unprocessed' || way.dialsLeft <= 1) return done(result)
      this.#openTunnel({ ...way, dialsLeft: way.dialsLeft - 1 }, done)
    })
  }

  #openPlain(startedMs: number, done: (acquired: Acquired) => void): void {
    const { address, port } = this.endpoint
    const { flusher, budget, counters, clock, connectTimeoutMs } = this.#options
    const onGone = (): void => void counters.openUpstreamConnections--
    const onTimeout = (): void => void counters.deadlines.connect++
    dialPlain({ address, port, timeoutMs: connectTimeoutMs, flusher, budget, clock, onTimeout, onGone }, (dialled) => {
      if ('channel' in dialled) {
        counters.upstreamConnectionsTotal++
        counters.openUpstreamConnections++
        return this.#secure(dialled.channel, startedMs, done)
      }
      counters.upstreamConnectFailures++
      return done({ ok: false, failure: { kind: 'connect-failed', message: dialled.failure } })
    })
  }

  /** The way to the endpoint is there; the application may want TLS on it, in what is left of the time. */
  #secure(channel: HandledChannel, startedMs: number, done: (acquired: Acquired) => void): void {
    const { trust } = this.#ties
    if (trust === undefined) return done({ ok: true, session: this.#adopt(channel) })
    const { clock, flusher, counters, connectTimeoutMs } = this.#options
    const leftMs = connectTimeoutMs - (clock.monotonicMs() - startedMs)
    const handshake = new Handshake(
      {
        channel,
        trust,
        resumption: this.#resumption,
        authority: authorityOf(this.endpoint),
        timeoutMs: connectTimeoutMs === 0 ? 0 : Math.max(1, leftMs),
        clock,
        flusher,
        onTimeout: () => void counters.deadlines.connect++,
      },
      (result) => {
        this.#handshakes.delete(handshake)
        if ('channel' in result) return done({ ok: true, session: this.#adopt(result.channel) })
        counters.upstreamConnectFailures++
        counters.upstreamTlsFailures++
        done({ ok: false, failure: { kind: 'connect-failed', message: result.failure } })
      },
    )
    this.#handshakes.add(handshake)
    this.#ties.onLive(this)
  }

  #clientFor(identity: SpiffeId, port: number): HboneClient {
    const workload = this.#ties.workload()
    const { clients } = workload
    for (const client of clients) if (client.hasRoom) return client
    const { flusher, budget, counters, clock, connectTimeoutMs, onFault } = this.#options
    const client = new HboneClient({
      flusher,
      budget,
      counters,
      clock,
      connectTimeoutMs,
      onFault,
      tls: this.#options.clientTls(),
      address: this.endpoint.address,
      port,
      identity,
      expectedTunnels: workload.maxTunnels,
      onGone: (gone) => {
        const at = clients.indexOf(gone)
        if (at >= 0) clients.splice(at, 1)
      },
    })
    clients.push(client)
    return client
  }

  #adopt(channel: HandledChannel): UpstreamSession {
    const { clock, onFault, turns } = this.#options
    const keeper: SessionKeeper = {
      onIdle: (idle) => {
        idle.idleSinceMs = clock.monotonicMs()
        if (this.isRetired || this.#idle.length >= MAX_IDLE_SESSIONS) idle.close()
        else this.#idle.push(idle)
      },
      onGone: (gone) => {
        const at = this.#idle.lastIndexOf(gone)
        if (at >= 0) this.#idle.splice(at, 1)
        this.#closing.set(gone, clock.monotonicMs())
      },
      onClosed: (closed) => void this.#closing.delete(closed),
      onFault,
    }
    const session = new UpstreamSession(channel, keeper, turns)
    channel.handler = session
    this.#ties.onLive(this)
    return session
  }
}

/** The pools of all endpoints, and the HBONE connections that endpoints of one workload share. */
export class Pools {
  readonly #options: PoolOptions
  readonly #pools = new Map<string, EndpointPool>()
  /** Those that may hold sessions; a group of an old snapshot can keep using one that left `#pools`. */
  readonly #live = new Set<EndpointPool>()
  readonly #workloads = new Map<string, Workload>()
  readonly #trusts = new BackendTrusts()

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** The pool of an endpoint, the same one as long as workload, identity, address, port and TLS settings are. */
  poolOf(endpoint: Endpoint, tls?: BackendTls): EndpointPool {
    const trust = tls === undefined ? undefined : this.#trusts.of(tls)
    const workload = `${endpoint.workload.uid}|${endpoint.identity ?? ''}|${endpoint.address}`
    const key = `${workload}|${endpoint.transport}|${endpoint.port}|${trust?.id ?? ''}`
    let pool = this.#pools.get(key)
    if (pool === undefined) {
      pool = new EndpointPool(endpoint, this.#options, {
        workload: () => this.#workloadOf(workload),
        trust,
        onLive: (live) => {
          this.#live.add(live)
          // It may have been forgotten while nobody used it: snapshots to come shall find this one again.
          if (!live.isRetired && !this.#pools.has(key)) this.#pools.set(key, live)
        },
      })
      this.#pools.set(key, pool)
    }
    return pool
  }

  /** A snapshot with these groups came into force: what is kept for TLS settings that none of them has is closed. */
  retain(groups: Iterable<{ readonly tls?: BackendTls }>): void {
    if (!this.#trusts.retain(groups)) return
    for (const [key, pool] of this.#pools) if (pool.isRetired) this.#pools.delete(key)
    for (const pool of this.#live) if (pool.isRetired) pool.close()
  }

  /** Keep-alive and idle time-outs; called every second or so. */
  tick(nowMs: number): void {
    for (const pool of this.#live) {
      pool.sweep(nowMs)
      if (pool.isUnused) this.#live.delete(pool)
    }
    for (const [key, pool] of this.#pools) {
      if (!this.#live.has(pool) && pool.isUnused) this.#pools.delete(key)
    }
    for (const [key, workload] of this.#workloads) {
      this.#tickWorkload(workload, nowMs)
      if (workload.clients.length === 0) this.#workloads.delete(key)
    }
  }

  /** Idle connections are closed, busy ones when their last tunnel ends: new dials use the new certificate and trust. */
  retireConnections(): void {
    for (const pool of this.#live) pool.close()
    for (const { clients } of this.#workloads.values()) for (const client of [...clients]) client.retire()
  }

  destroy(): void {
    for (const pool of this.#live) pool.destroy()
    for (const { clients } of this.#workloads.values()) for (const client of [...clients]) client.destroy()
  }

  #tickWorkload(workload: Workload, nowMs: number): void {
    const clients = [...workload.clients]
    let isBusy = false
    for (const client of clients) {
      client.tick(nowMs)
      if (client.openTunnels > 0) isBusy = true
    }
    if (isBusy || workload.idleSinceMs === 0) workload.idleSinceMs = nowMs
    else if (nowMs - workload.idleSinceMs > this.#options.connectionIdleTimeoutMs) {
      for (const client of clients) client.retire()
    }
  }

  #workloadOf(key: string): Workload {
    let workload = this.#workloads.get(key)
    if (workload === undefined) {
      workload = { clients: [], idleSinceMs: 0, maxTunnels: MAX_TUNNELS }
      this.#workloads.set(key, workload)
    }
    return workload
  }
}

const authorityOf = (endpoint: Endpoint): string => joinHostPort(endpoint.address, endpoint.port)
