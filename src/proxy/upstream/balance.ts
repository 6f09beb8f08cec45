import type { BackendPlan, EndpointGroup, RulePlan } from '../../snapshot/snapshot.ts'
import type { EndpointPool, Pools } from './pool.ts'

/** Counts the turns in which output is gathered before it is written: `Flusher`. */
export interface Turns {
  readonly turn: number
}

interface GroupState {
  readonly pools: readonly EndpointPool[]
  /** Where the last pick went. */
  next: number
  turn: number
  picksInTurn: number
}

/**
 * Requests of one turn of the loop that go to the same endpoint before the next one has its turn. What goes out
 * together travels in one TLS record and one system call, and so do the answers; over time each endpoint gets the same.
 */
const PICKS_PER_TURN = 8

/**
 * Chooses the backend of a rule by weight and the endpoint of a backend in turn. The state is kept by the plan objects,
 * which survive a new snapshot as long as they are the same.
 */
export class Balancer {
  readonly #pools: Pools
  readonly #turns: Turns
  readonly #groups = new WeakMap<EndpointGroup, GroupState>()
  readonly #weights = new WeakMap<RulePlan, number[]>()

  constructor(pools: Pools, turns: Turns) {
    this.#pools = pools
    this.#turns = turns
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

  /** The next endpoint in turn, another than those in `avoid` if there is one, and at least than the last of them. */
  pickEndpoint(group: EndpointGroup, avoid: readonly EndpointPool[]): EndpointPool | undefined {
    let state = this.#groups.get(group)
    if (state === undefined) {
      const pools = group.endpoints.map((endpoint) => this.#pools.poolOf(endpoint, group.tls))
      state = { pools, next: -1, turn: -1, picksInTurn: 0 }
      this.#groups.set(group, state)
    }
    const { pools } = state
    if (pools.length === 0) return undefined
    const { turn } = this.#turns
    if (state.turn === turn && avoid.length === 0 && state.picksInTurn < PICKS_PER_TURN) {
      state.picksInTurn++
      return pools[state.next]
    }
    state.turn = turn
    state.picksInTurn = 1
    const first = advance(state)
    return avoid.length === 0 ? first : pickOther(state, first, avoid)
  }
}

const pickOther = (
  state: GroupState,
  first: EndpointPool | undefined,
  avoid: readonly EndpointPool[],
): EndpointPool | undefined => {
  let other = first
  for (let left = state.pools.length; left > 0; left--) {
    if (other !== undefined && !avoid.includes(other)) return other
    other = advance(state)
  }
  return other === avoid.at(-1) ? advance(state) : other
}

const advance = (state: GroupState): EndpointPool | undefined => {
  state.next = state.next + 1 < state.pools.length ? state.next + 1 : 0
  return state.pools[state.next]
}
