import type { ExchangeRecord } from '../../filter/record.ts'
import type { Clock } from '../../lib/clock.ts'
import type { EndpointGroup } from '../../snapshot/snapshot.ts'
import type { ServedChannel } from '../entry/tunnel-server.ts'
import type { Balancer } from '../balance/balancer.ts'
import type { ConnectionLease } from '../balance/limits/connection-lease.ts'
import type { ServiceLoads } from '../balance/limits/service-loads.ts'
import type { EndpointPool } from '../upstream/pool.ts'
import { hashOf } from '../balance/hash-key.ts'
import { connectFailed, noEndpoint, overflow } from './tcp-record.ts'
import type { ConnectionEnd } from './tcp-record.ts'

/** Endpoints that are tried beside the first one; nothing has been sent to any of them. */
const MAX_REPEATS = 2

export interface DialOwner {
  /** The channel has no handler yet; `release` is to be called when it is over. */
  readonly onConnected: (channel: ServedChannel, release: () => void) => void
  readonly onFailed: (end: ConnectionEnd) => void
}

export interface DialDeps {
  readonly balancer: Balancer
  readonly loads: ServiceLoads
  readonly clock: Clock
}

/** Looks for an endpoint of a group that takes a connection, and notes the tries in its record. */
export class Dial {
  readonly #group: EndpointGroup
  readonly #record: Pick<ExchangeRecord, 'source' | 'attempts' | 'tries' | 'endpoint' | 'upstreamFailure'>
  readonly #deps: DialDeps
  readonly #owner: DialOwner
  #tried: readonly EndpointPool[] = []
  #isCancelled = false
  /** Where the Service port has limits. */
  #lease: ConnectionLease | undefined

  constructor(
    plan: { readonly group: EndpointGroup; readonly record: ExchangeRecord },
    owner: DialOwner,
    deps: DialDeps,
  ) {
    this.#group = plan.group
    this.#record = plan.record
    this.#owner = owner
    this.#deps = deps
  }

  /** The owner is told once, unless it cancels. */
  start(): void {
    const load = this.#group.policy?.limits === undefined ? undefined : this.#deps.loads.of(this.#group)
    if (load === undefined) return this.#dial()
    this.#lease = load.connect()
    if (this.#lease !== undefined) return this.#dial()
    load.noteOverflow('connections')
    this.#owner.onFailed(overflow)
  }

  /** What still comes of it is closed. */
  cancel(): void {
    this.#isCancelled = true
  }

  #dial(): void {
    const { balancer, clock } = this.#deps
    const record = this.#record
    const pool = balancer.pickEndpoint(this.#group, this.#tried, hashOf(this.#group, record.source))
    if (pool === undefined) return this.#giveUp(noEndpoint)
    record.attempts++
    record.endpoint = pool.endpoint
    const startedMs = clock.monotonicMs()
    pool.openChannel((opened) => {
      const trying = balancer.trying(this.#group, pool, startedMs)
      if (opened.ok) {
        balancer.outcomes.onConnected(trying)
        return this.#onOpened(opened.channel, () => {
          opened.release()
          this.#lease?.release()
        })
      }
      balancer.outcomes.onUnreachable(trying, opened.failure)
      if (this.#isCancelled) return this.#lease?.release()
      const failure = opened.failure.message
      this.#tried = [...this.#tried, pool]
      if (this.#tried.length > MAX_REPEATS || this.#tried.length >= this.#group.endpoints.length) {
        record.upstreamFailure = failure
        return this.#giveUp(connectFailed)
      }
      const durationMs = clock.monotonicMs() - startedMs
      const lost = { endpoint: pool.endpoint, status: 0, reason: 'connect-failed', failure, durationMs } as const
      record.tries = [...record.tries, lost]
      this.#dial()
    })
  }

  #giveUp(end: ConnectionEnd): void {
    this.#lease?.release()
    this.#owner.onFailed(end)
  }

  #onOpened(channel: ServedChannel, release: () => void): void {
    if (!this.#isCancelled) return this.#owner.onConnected(channel, release)
    channel.cut()
    release()
  }
}
