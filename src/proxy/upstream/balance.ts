import type { BackendPlan, EndpointGroup, RulePlan } from '../../snapshot/snapshot.ts'
import type { EndpointPool, Pools } from './pool.ts'

/**
 * Chooses the backend of a rule by weight and the endpoint of a backend in turn. The state is kept by the plan objects,
 * which survive a new snapshot as long as they are the same.
 */
export class Balancer {
  readonly #pools: Pools
  readonly #groups = new WeakMap<EndpointGroup, { readonly pools: readonly EndpointPool[]; next: number }>()
  readonly #weights = new WeakMap<RulePlan, number[]>()

  constructor(pools: Pools) {
    this.#pools = pools
  }

  /**
   * Smooth weighted round robin per request: exact over each cycle of the weights, and evenly spread inside it.
   * `undefined` when the weights add up to nothing.
   */
  pickBackend(rule: RulePlan): BackendPlan | undefined {
    const { backends, totalWeight } = rule
    if (totalWeight <= 0) return undefined
    if (backends.length === 1) return backends[0]
    let current = this.#weights.get(rule)
    if (current === undefined) {
      current = backends.map(() => 0)
      this.#weights.set(rule, current)
    }
    let best = 0
    for (let i = 0; i < backends.length; i++) {
      current[i] = (current[i] ?? 0) + (backends[i]?.weight ?? 0)
      if ((current[i] ?? 0) > (current[best] ?? 0)) best = i
    }
    current[best] = (current[best] ?? 0) - totalWeight
    return backends[best]
  }

  /** The next endpoint in turn, another than `avoid` if there is one. */
  pickEndpoint(group: EndpointGroup, avoid: EndpointPool | undefined): EndpointPool | undefined {
    let state = this.#groups.get(group)
    if (state === undefined) {
      state = { pools: group.endpoints.map((endpoint) => this.#pools.poolOf(endpoint)), next: 0 }
      this.#groups.set(group, state)
    }
    const { pools } = state
    if (pools.length === 0) return undefined
    const first = this.#turn(state)
    return first === avoid && pools.length > 1 ? this.#turn(state) : first
  }

  #turn(state: { readonly pools: readonly EndpointPool[]; next: number }): EndpointPool | undefined {
    const at = state.next < state.pools.length ? state.next : 0
    state.next = at + 1
    return state.pools[at]
  }
}
