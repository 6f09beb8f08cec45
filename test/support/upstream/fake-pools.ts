import type { Endpoint } from '../../../src/model/endpoint.ts'
import { Balancer } from '../../../src/proxy/balance/balancer.ts'
import type { Turns } from '../../../src/proxy/balance/balancer.ts'
import type { EndpointHealth } from '../../../src/proxy/balance/health/endpoint-health.ts'
import { HealthCounters } from '../../../src/proxy/balance/health/health-counters.ts'
import { HealthRegistry } from '../../../src/proxy/balance/health/health-registry.ts'
import type { EndpointPool, Pools } from '../../../src/proxy/upstream/pool.ts'
import { createFakeClock } from '../fake-clock.ts'
import { seededRandom } from '../random.ts'

/** A pool that nothing is ever dialled by. */
export interface FakePool {
  readonly endpoint: Endpoint
  readonly health: EndpointHealth
  active: number
  /** Dials of our own that wait for their end. */
  readonly probes: ((failure: { readonly kind: string; readonly message: string } | undefined) => void)[]
}

/** Each look finds another turn of the loop. */
export const everNew: Turns = {
  get turn(): number {
    return looks++
  },
}

let looks = 0

/** A balancer among endpoints that are nowhere. */
export class FakePools {
  readonly clock = createFakeClock()
  readonly counters = new HealthCounters()
  /** What was told of endpoints: `10.0.0.1 ejected`. */
  readonly turns: string[] = []
  readonly health = new HealthRegistry({
    clock: this.clock,
    counters: this.counters,
    onTurn: ({ endpoint, state }) => this.turns.push(`${endpoint.address} ${state}`),
  })
  readonly random = seededRandom(6)
  readonly balancer: Balancer
  readonly #pools = new Map<string, FakePool>()

  constructor(turns: Turns = everNew) {
    const { clock, random } = this
    // Of a pool the balancer asks no more than this.
    this.balancer = new Balancer(this as unknown as Pools, turns, { clock, random: random.fraction })
  }

  poolOf(endpoint: Endpoint): EndpointPool {
    const health = this.health.of(endpoint)
    const known = this.#pools.get(health.key)
    const probes: FakePool['probes'] = []
    const pool = known ?? {
      endpoint,
      health,
      active: 0,
      probes,
      probe: (done: FakePool['probes'][number]) => probes.push(done),
    }
    this.#pools.set(health.key, pool)
    return pool as unknown as EndpointPool
  }

  /** Time passes, as the data plane's ticks tell it. */
  advance(ms: number): void {
    for (let left = ms; left > 0; left -= 250) {
      this.clock.advance(Math.min(250, left))
      this.health.tick(this.clock.monotonicMs())
    }
  }
}
