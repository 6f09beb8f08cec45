import type { ConnectionOptions } from 'node:tls'
import type { Clock } from '../../lib/clock.ts'
import type { UpstreamSession } from '../../proxy/upstream/session.ts'
import type { HostPort } from '../host-port.ts'
import { dialHbone, type HboneConnection } from './connection.ts'
import type { HboneFailure } from './failure.ts'

/** Where tunnels lead, and what is said of who opens them. */
export interface TunnelPoolOptions {
  readonly waypoint: HostPort
  readonly tls: ConnectionOptions
  /** What the client dialled: the Service's VIP and port. */
  readonly authority: string
  readonly baggage: string
  readonly clock: Clock
  readonly timeoutMs: number
}

/** Connections tried for one tunnel: each may be filled by others meanwhile. */
const MAX_ROUNDS = 20

/**
 * Tunnels of one client to one Service, as its ztunnel keeps them: one HBONE connection to the waypoint (more when it is
 * full), a tunnel for each request under way. Dials anew when the waypoint went away.
 */
export class TunnelPool {
  readonly #options: TunnelPoolOptions
  #idle: UpstreamSession[] = []
  /** The newest connection, or the attempt at one. */
  #latest: Promise<HboneConnection | HboneFailure> | undefined
  readonly #connections = new Set<HboneConnection>()
  #isClosed = false

  constructor(options: TunnelPoolOptions) {
    this.#options = options
  }

  /** A tunnel that nobody uses, or a new one. */
  async acquire(): Promise<UpstreamSession | HboneFailure> {
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

  /** Gives a tunnel back, for whoever asks next. */
  release(session: UpstreamSession): void {
    if (session.isUsable) this.#idle.push(session)
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
