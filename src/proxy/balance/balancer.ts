import type { EndpointGroup, Weighted } from '../../snapshot/snapshot.ts'
import type { EndpointPool, Pools } from '../upstream/pool.ts'

/** Counts the turns in which output is gathered before it is written: `Flusher`. */
export interface Turns {
  readonly turn: number
}

interface GroupState {
  readonly pools: readonly EndpointPool[]
  /** Where the last pick went. */
  next: number
  turn: number
  /** How many went there in a row. */
  picks: number
  /** How many each but the first has in this round: as many as the first had. */
  quota: number
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
  readonly #weights = new WeakMap<object, number[]>()

  constructor(pools: Pools, turns: Turns) {
    this.#pools = pools
    this.#turns = turns
  }

  /**
   * Smooth weighted round robin, per request or connection: exact over each cycle of the weights, and evenly spread
   * inside it. `undefined` when the weights add up to nothing.
   */
  pickBackend<T extends { readonly weight: number }>(plan: Weighted<T>): T | undefined {
    const { backends, totalWeight } = plan
    if (totalWeight <= 0) return undefined
    if (backends.length === 1) return backends[0]
    let current = this.#weights.get(plan)
    if (current === undefined) {
      current = backends.map(() => 0)
      this.#weights.set(plan, current)
    }
    let best = 0
    for (let i = 0; i < backends.length; i++) {
      current[i] = (current[i] ?? 0) + (backends[i]?.weight ?? 0)
      if ((current[i] ?? 0) > (current[best] ?? 0)) best = i
    }
    current[best] = (current[best] ?? 0) - totalWeight
    return backends[best]
  }

  /**
   * An endpoint for a request or connection, another than those in `avoid` if there is one, and at least than the last
   * of them. `hash` is of what the group's policy hashes (`hashOf`); without it the policy's choice is by chance.
   */
  pickEndpoint(group: EndpointGroup, avoid: readonly EndpointPool[], _hash?: number): EndpointPool | undefined {
    let state = this.#groups.get(group)
    if (state === undefined) {
      const pools = group.endpoints.map((endpoint) => this.#pools.poolOf(endpoint, group.tls))
      state = { pools, next: -1, turn: -1, picks: 0, quota: 0 }
      this.#groups.set(group, state)
    }
    const { pools } = state
    if (pools.length === 0) return undefined
    if (avoid.length > 0) return pickOther(state, avoid)
    const { turn } = this.#turns
    const isFirst = state.next === 0
    // The first of a round has what one turn brings it; the others have no less, even if that takes them another turn.
    const isDone = isFirst ? state.turn !== turn || state.picks >= PICKS_PER_TURN : state.picks >= state.quota
    state.turn = turn
    if (!isDone) {
      state.picks++
      return pools[state.next]
    }
    if (isFirst) state.quota = state.picks
    state.picks = 1
    state.next = state.next + 1 < pools.length ? state.next + 1 : 0
    return pools[state.next]
  }
}

/** Whose turn it is stays as it is. */
const pickOther = ({ pools, next }: GroupState, avoid: readonly EndpointPool[]): EndpointPool | undefined => {
  for (let i = 1; i <= pools.length; i++) {
    const other = pools[(next + i) % pools.length]
    if (other !== undefined && !avoid.includes(other)) return other
  }
  const after = pools[(next + 1) % pools.length]
  return after === avoid.at(-1) ? pools[(next + 2) % pools.length] : after
}
