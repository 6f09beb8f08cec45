/**
 * Connections to endpoints, kept by who is there (workload and identity) and never by address alone: an address that
 * another pod took over is another pool (waypoint contract 1.7, istio/ztunnel#1637).
 */
import { joinHostPort } from '../../lib/ip.ts'
import type { PoolPolicy } from '../../model/backend/backend-policy.ts'
import type { BackendTls, Endpoint } from '../../model/endpoint.ts'
import type { EndpointGroup } from '../../snapshot/snapshot.ts'
import type { EndpointHealth } from '../balance/health/endpoint-health.ts'
import type { ConnectionLease } from '../balance/limits/connection-lease.ts'
import { overflow } from '../balance/limits/overflow.ts'
import type { ServiceLoad } from '../balance/limits/service-load.ts'
import { readEndpoints } from '../balance/health/endpoint-reading.ts'
import type { EndpointReading } from '../balance/health/endpoint-reading.ts'
import { HealthRegistry } from '../balance/health/health-registry.ts'
import type { ReviewedPeer } from '../hbone/peer-review.ts'
import { Slices } from '../hbone/slices.ts'
import { TICK_FAULT, visitEach } from '../limits/ticks.ts'
import { TurnBudget } from '../limits/turn-budget.ts'
import { Dialler } from './dialler.ts'
import type { AcquireFailure, Dialled, DiallerOptions, DialTies } from './dialler.ts'
import { H1Session } from './h1/h1-session.ts'
import type { H1Keeper } from './h1/h1-session.ts'
import { SilenceWatch } from './h1/silence-watch.ts'
import { H2Clients } from './h2/h2-clients.ts'
import type { HttpVersion, UpstreamSession } from './session.ts'
import { BackendTrusts } from './tls/backend-trusts.ts'
import type { HandledChannel } from './tls/cipher-stream.ts'
import { Workloads } from './workloads.ts'

export const HBONE_PORT = 15_008

export interface PoolOptions extends DiallerOptions {
  /** How much of what endpoints send is worked on in one turn; default: everything. */
  readonly turns?: TurnBudget
  /** Idle sessions (tunnels, plaintext connections) are closed after this long. */
  readonly idleTimeoutMs: number
  /** Connections without a tunnel are closed after this long. */
  readonly connectionIdleTimeoutMs: number
  /** An endpoint was ejected, or is back. */
  readonly onTurn?: (health: EndpointHealth) => void
}

/** What of an endpoint group matters for the connections to its endpoints. */
export type PoolSettings = Pick<EndpointGroup, 'tls' | 'policy'>

/** A way to the application for bytes of any protocol, and not shared. */
export type OpenedChannel =
  | {
      readonly ok: true
      /** Nobody handles it yet. */
      readonly channel: HandledChannel
      /** To be called when it is over, or not wanted any more; later calls do nothing. */
      readonly release: () => void
    }
  | { readonly ok: false; readonly failure: AcquireFailure }

export type Acquired =
  | { readonly ok: true; readonly session: UpstreamSession }
  | { readonly ok: false; readonly failure: AcquireFailure }

/** What TLS offers (ALPN). */
const HTTP1_ONLY: readonly string[] = ['http/1.1']
const HTTP2_FIRST: readonly string[] = ['h2', 'http/1.1']
const NO_PROTOCOLS: readonly string[] = []

/** Sessions kept idle for one endpoint: congestion that needs more would open and close one for each request. */
const MAX_IDLE_SESSIONS = 2048
/** A tick that comes so long after the one before says nothing of how long others took. */
const LATE_TICK_MS = 2000
/** How long an endpoint may keep its direction open after we ended ours. */
const CLOSE_TIMEOUT_MS = 5000

/** What a pool has in common with others. */
interface PoolTies extends DialTies {
  readonly health: EndpointHealth
  readonly onLive: (pool: EndpointPool) => void
  /** Nothing is dialled any more. */
  readonly isEnded: () => boolean
}

/** All that is kept about one endpoint; the object outlives snapshots. */
export class EndpointPool {
  readonly endpoint: Endpoint
  /** Of the endpoint, whichever pool is used; it may have others with other TLS settings. */
  readonly health: EndpointHealth
  readonly #options: PoolOptions
  readonly #ties: PoolTies
  readonly #dialler: Dialler
  readonly #idle: H1Session[] = []
  /** There once HTTP/2 was asked for. */
  #h2: H2Clients | undefined
  /** For connections that have no PING. */
  readonly #watch: SilenceWatch | undefined
  /** Closed by us and not yet by the endpoint, since when. */
  readonly #closing = new Map<H1Session, number>()
  /** Exchanges that are using it now. */
  active = 0

  constructor(endpoint: Endpoint, options: PoolOptions, ties: PoolTies) {
    this.endpoint = endpoint
    this.health = ties.health
    this.#options = options
    this.#ties = ties
    this.#dialler = new Dialler(this, options, ties)
    this.#watch = endpoint.transport === 'plain' ? new SilenceWatch((done) => this.#ask(done)) : undefined
  }

  get isUnused(): boolean {
    return (
      this.active === 0 &&
      this.#idle.length === 0 &&
      this.#closing.size === 0 &&
      this.#h2?.isEmpty !== false &&
      !this.#dialler.isBusy
    )
  }

  /** No snapshot has the TLS settings that its sessions were made with. */
  get isRetired(): boolean {
    return this.#ties.trust?.isRetired === true
  }

  /** The session that was used last, since it is the likeliest to be alive; `undefined` when a new one is needed. */
  takeIdle(version: HttpVersion): UpstreamSession | undefined {
    if (version === 2) {
      const shared = this.#h2?.take()
      if (shared !== undefined || this.#h2?.isHttp1Only !== true) return shared
    }
    for (;;) {
      const session = this.#idle.pop()
      if (session === undefined || session.isUsable) return session
      session.close()
    }
  }

  /** Whether a request would need a connection that is neither there nor being made for several. */
  needsDial(version: HttpVersion): boolean {
    if (version === 2 && this.#h2?.isHttp1Only !== true) return this.#h2?.hasRoom !== true
    for (let last = this.#idle.at(-1); last !== undefined; last = this.#idle.at(-1)) {
      if (last.isUsable) return false
      last.close()
    }
    return true
  }

  /**
   * Opens a new session; `done` is called once, never before this returns. The session may be of a lower version than
   * was asked for, where TLS agrees on no other one, or the endpoint knows no other. What it takes of connections counts
   * in `load`; when there is none left the failure is `overflow`.
   */
  open(version: HttpVersion, done: (acquired: Acquired) => void, load?: ServiceLoad): void {
    if (version === 2) {
      this.#h2 ??= this.#createClients()
      if (!this.#h2.refusesPreface) return this.#h2.open(done, load)
    }
    const lease = load?.connect()
    if (load !== undefined && lease === undefined) return queueMicrotask(() => done({ ok: false, failure: overflow }))
    this.#dial(HTTP1_ONLY, (dialled) => {
      if (dialled.ok) return done({ ok: true, session: this.#adopt(dialled.channel, lease) })
      lease?.release()
      done(dialled)
    })
  }

  /**
   * Opens a channel to the application for bytes that are none of our business, with TLS if a policy asks for it; `done`
   * is called once, never before this returns. It counts among `active` from now on, until its `release`.
   */
  openChannel(done: (opened: OpenedChannel) => void): void {
    this.active++
    let isReleased = false
    const release = (): void => {
      if (!isReleased) this.active--
      isReleased = true
    }
    this.#dial(NO_PROTOCOLS, (dialled) => {
      if (dialled.ok) return done({ ok: true, channel: dialled.channel, release })
      release()
      done(dialled)
    })
  }

  /** Makes a way to the application, as requests take it, and gives it up: `done` is told why that failed, if it did. */
  probe(done: (failure: AcquireFailure | undefined) => void): void {
    if (this.#h2?.isHttp1Only === false) return this.#h2.probe(done)
    this.openChannel((opened) => {
      if (!opened.ok) return done(opened.failure)
      opened.channel.cut()
      opened.release()
      done(undefined)
    })
  }

  /** Closes sessions that were idle too long or cannot be used again, and ends those that closing did not end. */
  sweep(nowMs: number): void {
    const { idleTimeoutMs, onFault } = this.#options
    const closeOld = (session: H1Session): void => {
      if (session.isExpired(nowMs, idleTimeoutMs) || !session.isUsable) session.close()
    }
    visitEach([...this.#idle], closeOld, onFault)
    this.#h2?.tick(nowMs)
    this.#dialler.tick(nowMs)
    this.#watch?.tick(nowMs)
    visitEach(this.#closing, ([late, sinceMs]) => nowMs - sinceMs > CLOSE_TIMEOUT_MS && late.cut(), onFault)
  }

  /** Closes idle sessions politely; what is shared ends with its last request. */
  close(): void {
    visitEach([...this.#idle], (session) => session.close(), this.#options.onFault)
    this.#h2?.retire()
  }

  /** Ends idle sessions, shared connections and handshakes at once. */
  destroy(): void {
    const { onFault } = this.#options
    visitEach([...this.#idle], (session) => session.abandon(), onFault)
    visitEach([...this.#closing.keys()], (session) => session.cut(), onFault)
    this.#h2?.destroy()
    this.#dialler.cancelHandshakes()
  }

  #dial(protocols: readonly string[], done: (dialled: Dialled) => void): void {
    if (this.#ties.isEnded()) {
      const failure = { kind: 'connect-failed', message: 'this process is ending' } as const
      return queueMicrotask(() => done({ ok: false, failure }))
    }
    this.#ties.onLive(this)
    this.#dialler.dial(protocols, done)
  }

  /** Whether anybody is there: `isDeaf` when nobody said yes or no. */
  #ask(done: (isDeaf: boolean) => void): void {
    this.#dial(NO_PROTOCOLS, (dialled) => {
      if (dialled.ok) dialled.channel.cut()
      done(!dialled.ok && dialled.failure.kind === 'timeout')
    })
  }

  #createClients(): H2Clients {
    const { endpoint } = this
    const { turns = new TurnBudget() } = this.#options
    return new H2Clients(
      {
        dial: (done) => this.#dial(HTTP2_FIRST, done),
        authority: joinHostPort(endpoint.address, endpoint.port),
        isTls: this.#ties.trust !== undefined,
        onSilent: () => this.#ties.onSilent(this.health, 'its connection does not answer a PING'),
        onOtherProtocol: (channel, [first, ...others]) => {
          const session = this.#adopt(channel, first?.load?.connect())
          if (first === undefined) session.park()
          else first.done({ ok: true, session })
          for (const { done, load } of others) this.open(1, done, load)
        },
        onHttp1: (waiters) => {
          for (const { done, load } of waiters) this.open(1, done, load)
        },
      },
      { ...this.#options, turns },
    )
  }

  #adopt(channel: HandledChannel, lease?: ConnectionLease): H1Session {
    const { clock, onFault, turns } = this.#options
    const keeper: H1Keeper = {
      onIdle: (idle) => {
        if (this.isRetired || this.#idle.length >= MAX_IDLE_SESSIONS) idle.close()
        else this.#idle.push(idle)
        lease?.noteIdle()
      },
      onGone: (gone) => {
        const at = this.#idle.lastIndexOf(gone)
        if (at >= 0) this.#idle.splice(at, 1)
        this.#closing.set(gone, clock.monotonicMs())
        lease?.release()
      },
      onClosed: (closed) => {
        this.#closing.delete(closed)
        this.#watch?.delete(closed)
      },
      onFault,
    }
    const session = new H1Session(channel, keeper, turns)
    channel.handler = session
    this.#watch?.add(session)
    if (lease !== undefined) lease.holder = session
    this.#ties.onLive(this)
    return session
  }
}

/** The pools of all endpoints, and the HBONE connections that endpoints of one workload share. */
export class Pools {
  readonly health: HealthRegistry
  readonly #options: PoolOptions
  readonly #pools = new Map<string, EndpointPool>()
  /** Those that may hold sessions; a group of an old snapshot can keep using one that left `#pools`. */
  readonly #live = new Set<EndpointPool>()
  readonly #workloads: Workloads
  readonly #trusts = new BackendTrusts()
  readonly #retiring: Slices<() => void>
  readonly #onFault: (error: unknown) => void
  #isEnded = false
  #tickedMs = 0
  /** This process was held up: answers may have come that nobody has read yet. */
  #isCatchingUp = false

  constructor(options: PoolOptions) {
    this.#options = options
    const { clock, counters, onTurn } = options
    const onFault = (this.#onFault = (error) => options.onFault(error, TICK_FAULT))
    this.#workloads = new Workloads(options.connectionIdleTimeoutMs, onFault)
    this.#retiring = new Slices((retire) => retire(), clock, { onFault })
    const turning = onTurn === undefined ? {} : { onTurn }
    this.health = new HealthRegistry({ clock, counters: counters.endpoints, onFault, ...turning })
  }

  /** The pool of an endpoint, the same one as long as workload, identity, address, port, TLS and other settings are. */
  poolOf(endpoint: Endpoint, { tls, policy }: PoolSettings = {}): EndpointPool {
    const trust = tls === undefined ? undefined : this.#trusts.of(tls)
    const workload = `${endpoint.workload.uid}|${endpoint.identity ?? ''}|${endpoint.address}`
    const { connectMs, idleMs } = policy?.pool ?? {}
    const key = `${workload}|${endpoint.transport}|${endpoint.port}|${trust?.id ?? ''}|${connectMs ?? ''}|${idleMs ?? ''}`
    let pool = this.#pools.get(key)
    if (pool === undefined) {
      pool = new EndpointPool(endpoint, withSettings(this.#options, policy?.pool), {
        workload: () => this.#workloads.of(workload),
        trust,
        health: this.health.of(endpoint),
        onSilent: (health, what) => {
          if (!this.#isCatchingUp) this.health.noteSilent(health, what)
        },
        isEnded: () => this.#isEnded,
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

  /** How endpoints are doing, for people: those with something to tell. */
  readHealth(): readonly EndpointReading[] {
    const { clock } = this.#options
    const now = { monotonicMs: clock.monotonicMs(), epochMs: clock.nowMs() }
    return readEndpoints(this.health.noted, this.#live, now)
  }

  /** Keep-alive and idle time-outs; called every second or so. */
  tick(nowMs: number): void {
    this.#isCatchingUp = nowMs - this.#tickedMs > LATE_TICK_MS
    this.#tickedMs = nowMs
    visitEach(this.#live, (pool) => pool.sweep(nowMs), this.#onFault)
    for (const pool of this.#live) if (pool.isUnused) this.#live.delete(pool)
    for (const [key, pool] of this.#pools) {
      if (!this.#live.has(pool) && pool.isUnused) this.#pools.delete(key)
    }
    this.#workloads.tick(nowMs)
  }

  /**
   * Idle connections are closed, busy ones when their last tunnel ends: new dials use the new certificate and trust. It
   * begins with the next turn, and those that are made from now on stay.
   */
  retireConnections(): void {
    this.#retiring.clear()
    this.#retiring.add([...this.#live].map((pool) => () => pool.close()))
    this.#retiring.add(this.#workloads.connections().map((connection) => () => connection.retire()))
  }

  /** The HBONE connections to endpoints. */
  peers(): Iterable<ReviewedPeer> {
    return this.#workloads.peers()
  }

  /** Ends everything; who loses a connection by that may want another one, and gets none. */
  destroy(): void {
    this.#isEnded = true
    this.#retiring.clear()
    this.health.end()
    for (const pool of this.#live) pool.destroy()
    this.#workloads.destroy()
  }
}

const withSettings = (options: PoolOptions, settings: PoolPolicy | undefined): PoolOptions => {
  if (settings === undefined) return options
  const { connectMs = options.connectTimeoutMs, idleMs = options.idleTimeoutMs } = settings
  return { ...options, connectTimeoutMs: connectMs, idleTimeoutMs: idleMs }
}
