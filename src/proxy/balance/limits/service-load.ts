/**
 * What a Service port has under way in this process, and who waits until it is less. How requests travel is none of its
 * business.
 */
import type { BackendLimits } from '../../../model/backend/backend-policy.ts'
import { ConnectionLease } from './connection-lease.ts'

/** What of a Service port's limits is in the way: `pending` when too many wait for room already. */
export type LimitName = 'requests' | 'pending' | 'connections'

/** What of limits is counted. */
export interface LimitCounters {
  /** Requests and connections that were refused, by what was in the way. */
  readonly upstreamOverflow: Record<LimitName, number>
  /** Requests that wait for room. */
  pendingRequests: number
}

/** A request that waits. */
export interface Waiter {
  /** It has been counted, and is under way. */
  readonly admit: () => void
  /** There may be a connection for it: it asks again, or stops waiting. */
  readonly onRoom: () => void
  /** There will be no room for it. */
  readonly refuse: (limit: LimitName) => void
}

/** What one Service port has under way. */
export class ServiceLoad {
  readonly #counters: LimitCounters
  readonly #leases = new Set<ConnectionLease>()
  /** They wait to be under way, and, being so, for a connection; in the order in which they came. */
  readonly #entering = new Set<Waiter>()
  readonly #connecting = new Set<Waiter>()
  #limits: BackendLimits = {}
  #isWaking = false
  /** Requests under way, those that wait for a connection included. */
  requests = 0

  constructor(counters: LimitCounters) {
    this.#counters = counters
  }

  get limits(): BackendLimits {
    return this.#limits
  }

  /** Connections that are open, or being made. */
  get connections(): number {
    return this.#leases.size
  }

  get pending(): number {
    return this.#entering.size + this.#connecting.size
  }

  get isUnused(): boolean {
    return this.requests === 0 && this.pending === 0 && this.connections === 0
  }

  /** Other limits hold from now on, for those who wait as well: some may go on, the last ones may be too many. */
  set limits(limits: BackendLimits) {
    this.#limits = limits
    this.wake()
  }

  /** Whether one more connection may be made. */
  get hasConnection(): boolean {
    return this.#leases.size < (this.#limits.maxConnections ?? Number.POSITIVE_INFINITY)
  }

  /** Whether others than `waiter` have waited for a connection for longer. */
  isBehind(waiter: Waiter): boolean {
    if (this.#connecting.size === 0) return false
    const [first] = this.#connecting
    return first !== waiter
  }

  /** One more connection may be made, if need be since one without a request has been closed, whoever it leads to. */
  makeRoom(): boolean {
    if (this.hasConnection) return true
    for (const lease of this.#leases) if (lease.closeIdle() && this.hasConnection) return true
    return false
  }

  /** Leave to make one connection, until its `release`; `undefined`: there are too many. */
  connect(): ConnectionLease | undefined {
    if (!this.makeRoom()) return undefined
    const lease: ConnectionLease = new ConnectionLease({
      onIdle: () => this.wake(),
      onReleased: () => {
        this.#leases.delete(lease)
        this.wake()
      },
    })
    this.#leases.add(lease)
    return lease
  }

  /** Something was refused for that reason. */
  noteOverflow(limit: LimitName): void {
    this.#counters.upstreamOverflow[limit]++
  }

  /** For its places alone: under way if there is room, and nobody waits for it. */
  enter(): boolean {
    if (this.#entering.size > 0 || !this.#hasRequest) return false
    this.requests++
    return true
  }

  /** For its places alone: what is in the way of waiting; nothing: it waits. */
  wait(waiter: Waiter, what: 'request' | 'connection'): LimitName | undefined {
    const queue = what === 'request' ? this.#entering : this.#connecting
    if (queue.has(waiter)) return undefined
    const { maxPendingRequests = 0 } = this.#limits
    if (this.pending >= maxPendingRequests) {
      if (maxPendingRequests > 0) return 'pending'
      return what === 'request' ? 'requests' : 'connections'
    }
    queue.add(waiter)
    this.#counters.pendingRequests++
    return undefined
  }

  /** For its places alone: it waits no more. */
  unwait(waiter: Waiter): void {
    if (this.#entering.delete(waiter) || this.#connecting.delete(waiter)) this.#counters.pendingRequests--
  }

  /** For its places alone: a request is over. */
  leave(): void {
    this.requests--
    this.wake()
  }

  get #hasRequest(): boolean {
    return this.requests < (this.#limits.maxRequests ?? Number.POSITIVE_INFINITY)
  }

  /**
   * Those who wait look whether there is room. That is behind what is going on: what was used by those who leave is free
   * then.
   */
  wake(): void {
    if (this.pending === 0 || this.#isWaking) return
    this.#isWaking = true
    queueMicrotask(() => {
      this.#isWaking = false
      for (const waiter of this.#connecting) {
        waiter.onRoom()
        if (this.#connecting.has(waiter)) break
      }
      for (const waiter of this.#entering) {
        if (!this.#hasRequest) break
        this.requests++
        waiter.admit()
      }
      this.#dropSurplus()
    })
  }

  /** Who waits though fewer may than before: those who came last. */
  #dropSurplus(): void {
    const { maxPendingRequests = 0 } = this.#limits
    const surplus = this.pending - maxPendingRequests
    if (surplus <= 0) return
    const waiting = [...this.#connecting, ...this.#entering]
    for (const waiter of waiting.slice(-surplus)) waiter.refuse('pending')
  }
}
