import type { Clock } from '../../lib/clock.ts'
import { joinHostPort } from '../../lib/ip.ts'
import type { Endpoint } from '../../model/endpoint.ts'
import type { SpiffeId } from '../../model/identity.ts'
import type { EndpointHealth } from '../balance/health/endpoint-health.ts'
import type { Counters } from '../counters.ts'
import type { Flusher } from '../flusher.ts'
import type { TunnelFailure } from '../hbone/client.ts'
import { HboneClient } from '../hbone/client.ts'
import type { MeshIdentity } from '../hbone/mesh-identity.ts'
import type { ByteBudget } from '../limits/byte-budget.ts'
import type { RetirementDeadlines } from '../hbone/retirement.ts'
import type { OnFault } from '../hbone/tunnel.ts'
import { dialPlain } from './socket-channel.ts'
import type { BackendTrust } from './tls/backend-trusts.ts'
import type { HandledChannel } from './tls/cipher-stream.ts'
import { Handshake } from './tls/handshake.ts'
import type { Resumption } from './tls/handshake.ts'
import type { DialOwner, Workload } from './workloads.ts'

export interface DiallerOptions {
  readonly flusher: Flusher
  readonly budget: ByteBudget
  readonly counters: Counters
  readonly clock: Clock
  /** Who we are and whom we trust on HBONE; asked at each dial, so that a rotation needs no call. */
  readonly mesh: Pick<MeshIdentity, 'clientTls' | 'trust'>
  /** What connections have left whose peer is not permitted any more; default `defaultDeadlines`. */
  readonly deadlines?: RetirementDeadlines
  /** True for an address and port that this very process listens on. */
  readonly isSelf: (address: string, port: number) => boolean
  /** For the way to the endpoint and the application's TLS on it; 0 for none. */
  readonly connectTimeoutMs: number
  /** Where endpoints listen for HBONE; 15008 but in tests. */
  readonly hbonePort: number
  /** Our own code threw; the exchange or connection that it happened to is given up. */
  readonly onFault: OnFault
}

/** Why no session could be had. */
export interface AcquireFailure {
  readonly kind: TunnelFailure['kind'] | 'self-call' | 'no-identity' | 'overflow'
  readonly message: string
}

export type Dialled =
  | {
      readonly ok: true
      readonly channel: HandledChannel
      /** What TLS agreed on (ALPN); empty without TLS, and with a peer that has no ALPN. */
      readonly protocol: string
    }
  | { readonly ok: false; readonly failure: AcquireFailure }

/** What dialling one endpoint has in common with dialling others. */
export interface DialTies {
  readonly workload: () => Workload
  /** How the application is spoken to; `undefined`: in plaintext. */
  readonly trust: BackendTrust | undefined
  /** A connection that the endpoint is reached by does not answer. */
  readonly onSilent: (health: EndpointHealth, what: string) => void
}

/** One way to the application that is being made. */
interface DialWish {
  readonly protocols: readonly string[]
  /** Monotonic. */
  readonly startedMs: number
}

/** By then a SYN was lost twice: much longer than it takes where nothing is wrong. */
const LATE_MS = 3000
/** Connections tried for one tunnel while each turns out to be full or ending. */
const MAX_DIALS = 3

/** Makes channels to the application at one endpoint: a tunnel or a connection, and TLS on it if it wants that. */
export class Dialler {
  readonly #owner: DialOwner
  readonly #endpoint: Endpoint
  readonly #options: DiallerOptions
  readonly #ties: DialTies
  readonly #handshakes = new Set<Handshake>()
  readonly #resumption: Resumption = { session: undefined, verifiedAtMs: 0 }
  #pending = 0
  /** Since when something has been asked for and nothing came of it, monotonic. */
  #waitsSinceMs = 0

  constructor(owner: DialOwner, options: DiallerOptions, ties: DialTies) {
    this.#owner = owner
    this.#endpoint = owner.endpoint
    this.#options = options
    this.#ties = ties
  }

  /** Something was asked for and is not told yet. */
  get isBusy(): boolean {
    return this.#pending > 0
  }

  /** `done` is called once, never before this returns. With TLS `protocols` are offered (ALPN), the best first. */
  dial(protocols: readonly string[], done: (dialled: Dialled) => void): void {
    const { clock } = this.#options
    if (this.#pending++ === 0) this.#waitsSinceMs = clock.monotonicMs()
    this.#start(protocols, (dialled) => {
      this.#pending--
      this.#waitsSinceMs = clock.monotonicMs()
      done(dialled)
    })
  }

  /** Called every second or so: whoever is asked next shall not have to wait as well. */
  tick(nowMs: number): void {
    if (this.#pending === 0 || nowMs - this.#waitsSinceMs <= LATE_MS) return
    this.#ties.onSilent(this.#owner.health, `a connection was not made within ${LATE_MS} ms`)
  }

  cancelHandshakes(): void {
    for (const handshake of [...this.#handshakes]) handshake.cancel()
  }

  #start(protocols: readonly string[], done: (dialled: Dialled) => void): void {
    const { identity, address, transport } = this.#endpoint
    const { isSelf, hbonePort, clock } = this.#options
    const port = transport === 'hbone' ? hbonePort : this.#endpoint.port
    const refuse = (kind: AcquireFailure['kind'], message: string): void =>
      queueMicrotask(() => done({ ok: false, failure: { kind, message } }))
    if (isSelf(address, port)) return refuse('self-call', `endpoint ${address}:${port} is this waypoint itself`)
    const wish = { protocols, startedMs: clock.monotonicMs() }
    if (transport === 'plain') return this.#openPlain(wish, done)
    if (identity === undefined) {
      return refuse('no-identity', `endpoint ${address} speaks HBONE but its service account is unknown`)
    }
    this.#openTunnel({ identity, port, wish, dialsLeft: MAX_DIALS }, done)
  }

  #openTunnel(
    way: {
      readonly identity: SpiffeId
      readonly port: number
      readonly wish: DialWish
      readonly dialsLeft: number
    },
    done: (dialled: Dialled) => void,
  ): void {
    const client = this.#clientFor(way.identity, way.port)
    client.open(authorityOf(this.#endpoint), (result) => {
      if (result.ok) return this.#secure(result.channel, way.wish, done)
      this.#ties.workload().maxTunnels = Math.max(1, client.maxTunnels)
      // Whoever allows no tunnel at all allows none on a further connection either, and this one is of no use.
      const isClosed = client.maxTunnels === 0
      if (isClosed) client.retire()
      if (result.failure.kind !== 'unprocessed' || isClosed || way.dialsLeft <= 1) return done(result)
      this.#openTunnel({ ...way, dialsLeft: way.dialsLeft - 1 }, done)
    })
  }

  #openPlain(wish: DialWish, done: (dialled: Dialled) => void): void {
    const { address, port } = this.#endpoint
    const { flusher, budget, counters, clock, connectTimeoutMs, onFault } = this.#options
    const onGone = (): void => void counters.openUpstreamConnections--
    const onTimeout = (): void => void counters.deadlines.connect++
    const socket = { address, port, timeoutMs: connectTimeoutMs, flusher, budget, clock, onFault }
    dialPlain({ ...socket, onTimeout, onGone }, (dialled) => {
      if ('channel' in dialled) {
        counters.upstreamConnectionsTotal++
        counters.openUpstreamConnections++
        return this.#secure(dialled.channel, wish, done)
      }
      counters.upstreamConnectFailures++
      const kind = dialled.isDeaf ? 'timeout' : 'connect-failed'
      return done({ ok: false, failure: { kind, message: dialled.failure } })
    })
  }

  /** The way to the endpoint is there; the application may want TLS on it, in what is left of the time. */
  #secure(channel: HandledChannel, wish: DialWish, done: (dialled: Dialled) => void): void {
    const { trust } = this.#ties
    if (trust === undefined) return done({ ok: true, channel, protocol: '' })
    const { clock, flusher, counters, connectTimeoutMs } = this.#options
    const leftMs = connectTimeoutMs - (clock.monotonicMs() - wish.startedMs)
    const handshake = new Handshake(
      {
        channel,
        trust,
        protocols: wish.protocols,
        resumption: this.#resumption,
        authority: authorityOf(this.#endpoint),
        timeoutMs: connectTimeoutMs === 0 ? 0 : Math.max(1, leftMs),
        clock,
        flusher,
        onTimeout: () => void counters.deadlines.connect++,
      },
      (result) => {
        this.#handshakes.delete(handshake)
        if ('channel' in result) return done({ ok: true, ...result })
        counters.upstreamConnectFailures++
        counters.upstreamTlsFailures++
        done({ ok: false, failure: { kind: 'connect-failed', message: result.failure } })
      },
    )
    this.#handshakes.add(handshake)
  }

  #clientFor(identity: SpiffeId, port: number): HboneClient {
    const workload = this.#ties.workload()
    const { clients, users } = workload
    users.add(this.#owner)
    for (const client of clients) if (client.hasRoom) return client
    const { flusher, budget, counters, clock, connectTimeoutMs, onFault } = this.#options
    const client = new HboneClient({
      flusher,
      budget,
      counters,
      clock,
      connectTimeoutMs,
      onFault,
      mesh: this.#options.mesh,
      ...(this.#options.deadlines === undefined ? {} : { deadlines: this.#options.deadlines }),
      address: this.#endpoint.address,
      port,
      identity,
      expectedTunnels: workload.maxTunnels,
      onSilent: () => {
        for (const { health } of users) this.#ties.onSilent(health, 'its connection does not answer a PING')
      },
      onGone: (gone) => {
        const at = clients.indexOf(gone)
        if (at >= 0) clients.splice(at, 1)
      },
    })
    clients.push(client)
    return client
  }
}

const authorityOf = (endpoint: Endpoint): string => joinHostPort(endpoint.address, endpoint.port)
