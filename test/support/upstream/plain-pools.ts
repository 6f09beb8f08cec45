import assert from 'node:assert/strict'
import type { Clock } from '../../../src/lib/clock.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import type { BackendTls, Endpoint } from '../../../src/model/endpoint.ts'
import { Counters } from '../../../src/proxy/counters.ts'
import { Flusher } from '../../../src/proxy/flusher.ts'
import { ByteBudget } from '../../../src/proxy/limits/byte-budget.ts'
import { TurnBudget } from '../../../src/proxy/limits/turn-budget.ts'
import type { EndpointPool } from '../../../src/proxy/upstream/pool.ts'
import { Pools } from '../../../src/proxy/upstream/pool.ts'

/** Pools for endpoints that are reached without HBONE, and nothing in front of them. */
export class PlainPools implements Disposable {
  readonly counters = new Counters()
  readonly pools: Pools
  /** What our own code threw. */
  readonly faults: unknown[] = []

  constructor(options: { readonly clock?: Clock; readonly bufferBytes?: number } = {}) {
    this.pools = new Pools({
      flusher: new Flusher(),
      budget: new ByteBudget(options.bufferBytes ?? 64 * 1024 * 1024, this.counters),
      counters: this.counters,
      clock: options.clock ?? systemClock,
      turns: new TurnBudget(),
      mesh: { clientTls: () => ({}), trust: () => assert.fail('nobody speaks HBONE here') },
      isSelf: () => false,
      connectTimeoutMs: 10_000,
      hbonePort: 9,
      idleTimeoutMs: 30_000,
      connectionIdleTimeoutMs: 300_000,
      onFault: (error) => this.faults.push(error),
    })
  }

  of(port: number, tls?: BackendTls): EndpointPool {
    const endpoint: Endpoint = { address: '127.0.0.1', port, transport: 'plain', workload: { uid: `app-${port}` } }
    return this.pools.poolOf(endpoint, tls === undefined ? {} : { tls })
  }

  [Symbol.dispose](): void {
    this.pools.destroy()
  }
}
