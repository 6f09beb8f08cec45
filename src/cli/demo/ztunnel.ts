import type { ConnectionOptions } from 'node:tls'
import { HeaderList } from '../../http/header-list.ts'
import type { Clock } from '../../lib/clock.ts'
import type { UpstreamSession } from '../../proxy/upstream/session.ts'
import { dialHbone, type HboneConnection } from '../hbone-client/connection.ts'
import { exchange } from '../hbone-client/exchange.ts'
import type { HboneFailure } from '../hbone-client/failure.ts'
import type { HostPort } from '../host-port.ts'
import type { Sample } from './tally.ts'

export interface ZtunnelOptions {
  readonly waypoint: HostPort
  readonly tls: ConnectionOptions
  /** What the client dialled: the Service's VIP and port. */
  readonly authority: string
  /** What it wrote into Host. */
  readonly host: string
  readonly baggage: string
  readonly clock: Clock
  readonly timeoutMs: number
}

/** Connections tried for one tunnel: each may be filled by others meanwhile. */
const MAX_ROUNDS = 20

/**
 * Stands for a client pod and the ztunnel beside it: one HBONE connection to the waypoint (more when it is full), a
 * tunnel for each connection of the client, requests one after the other inside. Dials anew when the waypoint went away.
 */
export class ZtunnelStandIn {
  readonly #options: ZtunnelOptions
  #idle: UpstreamSession[] = []
  /** The newest connection, or the attempt at one. */
  #latest: Promise<HboneConnection | HboneFailure> | undefined
  readonly #connections = new Set<HboneConnection>()
  #isClosed = false

  constructor(options: ZtunnelOptions) {
    this.#options = options
  }

  /** Sends one GET and waits for its whole answer; as many at a time as are called. Never rejects. */
  async send(path: string): Promise<Sample> {
    const { clock } = this.#options
    const startedMs = clock.monotonicMs()
    const session = await this.#acquire()
    if ('message' in session) return failed(session.message, clock.monotonicMs() - startedMs)
    const result = await exchange(session, requestOf(path, this.#options.host), this.#options)
    const ms = clock.monotonicMs() - startedMs
    if (!result.ok) return failed(result.failure.message, ms)
    if (session.isUsable) this.#idle.push(session)
    const { status, headers } = result.head
    const service = headers.getLower('x-served-by')
    const isOk = status === 200 && service !== undefined
    return { isOk, service, ms, problem: isOk ? undefined : `the answer was ${status}` }
  }

  /** Keep-alive; every second. */
  tick(): void {
    for (const connection of this.#connections) connection.tick()
  }

  close(): void {
    this.#isClosed = true
    for (const connection of this.#connections) connection.close()
    this.#idle = []
  }

  async #acquire(): Promise<UpstreamSession | HboneFailure> {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) if (idle.isUsable) return idle
    const { authority, baggage, timeoutMs } = this.#options
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const connection = await this.#connect()
      if ('message' in connection) return connection
      // Others waited for the same connection and may have filled it.
      if (!connection.isOpen) continue
      const opened = await connection.openTunnel(authority, { fields: ['baggage', baggage], timeoutMs })
      return opened.ok ? opened.session : opened.failure
    }
    return { stage: 'connect', message: 'the waypoint takes connections but no tunnels' }
  }

  /** The newest connection, shared by all who ask while it is dialled; the older ones stay while tunnels use them. */
  async #connect(): Promise<HboneConnection | HboneFailure> {
    const latest = this.#latest
    if (latest !== undefined) {
      const connection = await latest
      if ('isOpen' in connection && connection.isOpen) return connection
    }
    // Somebody else may have seen it before us and be dialling already.
    if (this.#latest !== undefined && this.#latest !== latest) return this.#latest
    this.#latest = this.#dial()
    return this.#latest
  }

  async #dial(): Promise<HboneConnection | HboneFailure> {
    const { waypoint, tls, clock, timeoutMs } = this.#options
    const dialled = await dialHbone({ ...waypoint, tls, clock, timeoutMs })
    if (!dialled.ok) return dialled.failure
    for (const connection of this.#connections) if (connection.isGone) this.#connections.delete(connection)
    if (this.#isClosed) dialled.connection.close()
    this.#connections.add(dialled.connection)
    return dialled.connection
  }
}

const requestOf = (target: string, host: string): Parameters<typeof exchange>[1] => ({
  method: 'GET',
  target,
  host,
  headers: new HeaderList(['user-agent', 'fairway-demo', 'accept', '*/*']),
})

const failed = (problem: string, ms: number): Sample => ({ isOk: false, service: undefined, ms, problem })
