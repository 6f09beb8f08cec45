import type { Clock } from '../../../lib/clock.ts'
import { rethrow } from '../../../lib/errors/rethrow.ts'
import type { Endpoint } from '../../../model/endpoint.ts'
import { visitEach } from '../../limits/ticks.ts'
import { EndpointHealth, healthKeyOf } from './endpoint-health.ts'
import type { HealthOwner } from './endpoint-health.ts'
import type { HealthCounters } from './health-counters.ts'

export interface HealthRegistryOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly counters: HealthCounters
  /** An endpoint was ejected or is back: its `state` says which. */
  readonly onTurn?: (health: EndpointHealth) => void
  /** A bug of ours that one endpoint met; default: thrown on. */
  readonly onFault?: (error: unknown) => void
}

/** How often states that nobody holds any more are looked for. */
const SWEEP_MS = 60_000

/**
 * The health of endpoints in this process: one state for each, whichever pools, groups and snapshots it is in. Those with
 * something to remember are kept, the others only as long as somebody uses them.
 */
export class HealthRegistry {
  /** Counts up whenever who may be picked, or how often, is another question than before. */
  epoch = 0
  readonly counters: HealthCounters
  readonly #options: HealthRegistryOptions
  readonly #owner: HealthOwner
  readonly #byKey = new Map<string, WeakRef<EndpointHealth>>()
  readonly #noted = new Set<EndpointHealth>()
  #sweptMs = 0
  #isEnded = false

  constructor(options: HealthRegistryOptions) {
    this.#options = options
    const { counters, onTurn } = options
    this.counters = counters
    this.#owner = {
      onChange: (health) => {
        this.epoch++
        this.#count(health)
      },
      onNoted: (health) => this.#noted.add(health),
      onEjected: (health, reason) => {
        counters.ejections[reason]++
        onTurn?.(health)
      },
      onReturned: (health) => {
        counters.returns++
        onTurn?.(health)
      },
      onSpared: () => void counters.spared++,
    }
  }

  /** Those with something to remember. */
  get noted(): ReadonlySet<EndpointHealth> {
    return this.#noted
  }

  /** States that are known, used or not. */
  get size(): number {
    return this.#byKey.size
  }

  get nowMs(): number {
    return this.#options.clock.monotonicMs()
  }

  /** Whether this process is ending: what happens to connections says nothing of endpoints any more. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  /** The health of an endpoint, the same object as long as somebody holds it or there is something to remember. */
  of(endpoint: Endpoint): EndpointHealth {
    const key = healthKeyOf(endpoint)
    const known = this.#byKey.get(key)?.deref()
    if (known !== undefined) return known
    const health = new EndpointHealth(endpoint, key, this.#owner)
    this.#byKey.set(key, new WeakRef(health))
    return health
  }

  /** What is remembered of an endpoint; `undefined` when nothing is. */
  peek(endpoint: Endpoint): EndpointHealth | undefined {
    const health = this.#byKey.get(healthKeyOf(endpoint))?.deref()
    return health === undefined || health.isQuiet ? undefined : health
  }

  /** A connection to it fell silent, or was not made in time, whoever wanted it. */
  noteSilent(health: EndpointHealth, what: string): void {
    const { watcher } = health
    if (watcher === undefined || this.#isEnded) return
    const { nowMs } = this
    health.noteSilent(what, { watcher, startedMs: nowMs, nowMs })
  }

  /** To be called some times a second: ejections end, shares grow, and what is over is forgotten. */
  tick(nowMs: number): void {
    const look = (health: EndpointHealth): void => {
      if (!health.tick(nowMs)) this.#noted.delete(health)
    }
    visitEach(this.#noted, look, this.#options.onFault ?? rethrow)
    if (nowMs - this.#sweptMs < SWEEP_MS) return
    this.#sweptMs = nowMs
    for (const [key, held] of this.#byKey) if (held.deref() === undefined) this.#byKey.delete(key)
  }

  /** Nothing counts from now on. */
  end(): void {
    this.#isEnded = true
  }

  /** One by one: thousands may change at once. */
  #count(health: EndpointHealth): void {
    const { states } = this.counters
    const { state, share, countedAs } = health
    const counts = state !== 'healthy' ? state : share < 1 ? 'slowed' : undefined
    if (counts === countedAs) return
    if (countedAs !== undefined) states[countedAs]--
    if (counts !== undefined) states[counts]++
    health.countedAs = counts
  }
}
