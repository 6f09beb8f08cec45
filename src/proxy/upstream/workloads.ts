import type { Endpoint } from '../../model/endpoint.ts'
import type { EndpointHealth } from '../balance/health/endpoint-health.ts'
import type { HboneClient } from '../hbone/client.ts'
import { MAX_TUNNELS } from '../hbone/client.ts'
import type { ReviewedPeer } from '../hbone/peer-review.ts'
import { visitEach } from '../limits/ticks.ts'

/** Whose channels are made. */
export interface DialOwner {
  readonly endpoint: Endpoint
  readonly health: EndpointHealth
  /** Exchanges that are using it now. */
  readonly active: number
  /** It has no channel, and asks for none. */
  readonly isUnused: boolean
}

/** The HBONE connections to one workload, which all its ports share. */
export interface Workload {
  readonly clients: HboneClient[]
  /** The endpoints that were dialled through them. */
  readonly users: Set<DialOwner>
  /** As the last connection's SETTINGS had it, for guessing how many the next one will take. */
  maxTunnels: number
}

/** The workloads that there are HBONE connections to, by who and where they are. */
export class Workloads {
  readonly #byKey = new Map<string, Workload>()
  /** When a connection was first seen without a tunnel. */
  readonly #idleSinceMs = new WeakMap<HboneClient, number>()
  readonly #idleTimeoutMs: number
  readonly #onFault: (error: unknown) => void

  /** Connections without a tunnel are closed after `idleTimeoutMs`. */
  constructor(idleTimeoutMs: number, onFault: (error: unknown) => void) {
    this.#idleTimeoutMs = idleTimeoutMs
    this.#onFault = onFault
  }

  of(key: string): Workload {
    let workload = this.#byKey.get(key)
    if (workload === undefined) {
      workload = { clients: [], users: new Set(), maxTunnels: MAX_TUNNELS }
      this.#byKey.set(key, workload)
    }
    return workload
  }

  /** Called every second or so. */
  tick(nowMs: number): void {
    for (const [key, workload] of this.#byKey) {
      this.#tick(workload, nowMs)
      if (workload.clients.length === 0) this.#byKey.delete(key)
    }
  }

  /** All connections of this moment, those that are being made among them. */
  connections(): readonly HboneClient[] {
    return [...this.#byKey.values()].flatMap(({ clients }) => clients)
  }

  /** The same, as of when it is read. */
  *peers(): Iterable<ReviewedPeer> {
    // Who is retired may leave at once.
    for (const { clients } of this.#byKey.values()) yield* [...clients]
  }

  destroy(): void {
    for (const { clients } of this.#byKey.values()) for (const client of [...clients]) client.destroy()
  }

  #tick(workload: Workload, nowMs: number): void {
    const clients = [...workload.clients]
    // Each change of a policy's settings has owners of its own, and those of before would stay.
    for (const user of workload.users) if (user.isUnused) workload.users.delete(user)
    const isAwaited = isAnyActive(workload.users)
    visitEach(clients, (client) => client.tick(nowMs, isAwaited), this.#onFault)
    visitEach(clients, (client) => this.#retireIdle(client, nowMs), this.#onFault)
  }

  /** Each for itself: a crowd that is over leaves many, of which the first takes what there is. */
  #retireIdle(client: HboneClient, nowMs: number): void {
    if (client.openTunnels > 0) return void this.#idleSinceMs.delete(client)
    const sinceMs = this.#idleSinceMs.get(client)
    if (sinceMs === undefined) this.#idleSinceMs.set(client, nowMs)
    else if (nowMs - sinceMs > this.#idleTimeoutMs) client.retire()
  }
}

const isAnyActive = (users: Workload['users']): boolean => {
  for (const { active } of users) if (active > 0) return true
  return false
}
