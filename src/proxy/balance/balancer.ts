/**
 * Who gets the next request: the backend of a rule by weight, and the endpoint of a backend by its policy and by how
 * endpoints fared. Requests themselves, and how endpoints are reached, are none of its business.
 */
import type { Clock } from '../../lib/clock.ts'
import type { EndpointKey } from '../../model/endpoint.ts'
import type { EndpointGroup, Weighted } from '../../snapshot/snapshot.ts'
import type { EndpointPool, Pools } from '../upstream/pool.ts'
import { pickByChance, pickLeastRequest, pickOther, pickUntilAccepted } from './choices.ts'
import { GroupState, rulesOf } from './group-state.ts'
import { Outcomes } from './health/outcomes.ts'
import type { Trying } from './health/outcomes.ts'
import { loadLimit, pickByHash } from './rendezvous.ts'

/** Counts the turns in which output is gathered before it is written: `Flusher`. */
export interface Turns {
  readonly turn: number
}

export interface BalancerDeps {
  readonly clock: Clock
  /** From 0 to 1. */
  readonly random: () => number
}

/**
 * Requests of one turn of the loop that go to the same endpoint before the next one has its turn. What goes out
 * together travels in one TLS record and one system call, and so do the answers; over time each endpoint gets the same.
 */
const PICKS_PER_TURN = 8
const LOOKS_AT_TRIALS = 4
/** Dials of our own: half of a large Service may be due for one at once, and each costs a handshake. */
const PROBES_AT_ONCE = 64
const PROBES_EVERY_MS = 250

/** Of so many to find out who may be picked takes 0.1 ms and more: done for each change while thousands change, seconds. */
const MANY_POOLS = 1000
const REFRESH_MS = 5

/**
 * Chooses the backend of a rule by weight and the endpoint of a backend by its policy. The state is kept by the plan
 * objects, which survive a new snapshot as long as they are the same.
 */
export class Balancer {
  /** To be told what came of what was picked. */
  readonly outcomes: Outcomes
  readonly #pools: Pools
  readonly #turns: Turns
  readonly #deps: BalancerDeps
  readonly #health: Pools['health']
  readonly #groups = new WeakMap<EndpointGroup, GroupState>()
  /** Of `#groups`: the group that was asked for last is mostly the one that is asked for next. */
  #last: GroupState | undefined
  readonly #weights = new WeakMap<object, number[]>()
  #probedMs = Number.NEGATIVE_INFINITY
  /** Until so much time has passed since then. */
  #probesLeft = 0
  /** What `#groups` has of each Service port that was made last: the next one goes on from there. */
  readonly #latest = new Map<EndpointKey, GroupState>()

  constructor(pools: Pools, turns: Turns, deps: BalancerDeps) {
    this.#pools = pools
    this.#turns = turns
    this.#deps = deps
    this.#health = pools.health
    this.outcomes = new Outcomes(pools.health, deps.clock)
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
   * of them. `hash` is of what the group's policy hashes (`hashOf`); without it such a policy's choice is by chance.
   */
  pickEndpoint(group: EndpointGroup, avoid: readonly EndpointPool[], hash?: number): EndpointPool | undefined {
    let state = this.#last
    if (state === undefined || state.group !== group || state.epoch !== this.#health.epoch) {
      state = this.#stateOf(group)
      this.#last = state
    }
    if (!state.isPlain || avoid.length > 0) return this.#pickWatched(state, avoid, hash)
    return this.#pickInTurn(state)
  }

  /** All of a group, in the order of its endpoints. */
  pools(group: EndpointGroup): readonly EndpointPool[] {
    return this.#stateOf(group).pools
  }

  /** Whether what has begun at one of a group's endpoints may go on there, though others may be nearer. */
  isInUse(group: EndpointGroup, pool: EndpointPool): boolean {
    const { eligible } = this.#stateOf(group)
    return pool.health.state === 'healthy' || eligible.includes(pool)
  }

  /** Those of a group that may be picked at any time. */
  eligible(group: EndpointGroup): readonly EndpointPool[] {
    return this.#stateOf(group).eligible
  }

  /** What was tried, for `outcomes`. */
  trying(group: EndpointGroup, { health }: EndpointPool, startedMs: number): Trying {
    // Who may be picked is not asked here: when thousands fail at once, that would be found out anew for each of them.
    return { health, watcher: this.#groups.get(group) ?? this.#stateOf(group), startedMs }
  }

  /** A snapshot with these groups came into force. */
  retain(groups: ReadonlyMap<EndpointKey, EndpointGroup>): void {
    this.#last = undefined
    for (const key of this.#latest.keys()) if (!groups.has(key)) this.#latest.delete(key)
    for (const health of this.#health.noted) {
      if (health.state === 'ejected' && health.ejectedFor !== undefined) {
        health.limitEjection(rulesOf(groups.get(health.ejectedFor)).maxEjectionMs)
      }
    }
  }

  #stateOf(group: EndpointGroup): GroupState {
    let state = this.#groups.get(group)
    if (state === undefined) {
      const pools = group.endpoints.map((endpoint) => this.#pools.poolOf(endpoint, group))
      const before = this.#latest.get(group.key)
      state = new GroupState(group, pools, before)
      this.#groups.set(group, state)
      this.#latest.set(group.key, state)
      if (before !== undefined) this.#startSlowly(state, before)
    }
    const { epoch } = this.#health
    if (state.epoch === epoch) return state
    if (state.pools.length >= MANY_POOLS) {
      const nowMs = this.#deps.clock.monotonicMs()
      if (nowMs - state.refreshedMs < REFRESH_MS) return state
      state.refreshedMs = nowMs
    }
    state.refresh(epoch)
    return state
  }

  /** Those that the Service port did not have before; when nobody knows, everybody has been there for long. */
  #startSlowly({ pools, slowStart }: GroupState, before: GroupState): void {
    if (slowStart === undefined) return
    const known = new Set(before.pools.map(({ health }) => health))
    const nowMs = this.#deps.clock.monotonicMs()
    for (const { health } of pools) if (!known.has(health)) health.startSlowly(slowStart, nowMs)
  }

  /** Where more than turns has a say. */
  #pickWatched(state: GroupState, avoid: readonly EndpointPool[], hash: number | undefined): EndpointPool | undefined {
    const { eligible, policy } = state
    if (eligible.length === 0) return undefined
    if (policy.algorithm === 'ConsistentHash' && hash !== undefined) return this.#pickByHash(state, avoid, hash)
    const { random } = this.#deps
    if (avoid.length > 0) {
      const start = policy.algorithm === 'RoundRobin' ? state.next + 1 : Math.floor(random() * eligible.length)
      return pickOther(state, avoid, start)
    }
    const trial = state.trials.length === 0 ? undefined : this.#findTrial(state)
    if (trial !== undefined) return trial
    switch (policy.algorithm) {
      case 'LeastRequest':
        return state.hasShares ? pickUntilAccepted(state, random, pickLeastRequest) : pickLeastRequest(eligible, random)
      case 'Random':
      case 'ConsistentHash':
        return state.hasShares ? pickUntilAccepted(state, random, pickByChance) : pickByChance(eligible, random)
      case 'RoundRobin':
        return this.#pickInTurn(state)
    }
  }

  /** One after the other; those with a share below 1 lose a part of their turns. */
  #pickInTurn(state: GroupState): EndpointPool | undefined {
    const { eligible } = state
    const { turn } = this.#turns
    const { random } = this.#deps
    const isFirst = state.next === 0
    // The first of a round has what one turn brings it; the others have no less, even if that takes them another turn.
    const isDone = isFirst ? state.turn !== turn || state.picks >= PICKS_PER_TURN : state.picks >= state.quota
    state.turn = turn
    if (!isDone && state.next >= 0) {
      state.picks++
      return eligible[state.next]
    }
    if (isFirst) state.quota = state.picks
    state.picks = 1
    // After so many rounds in which nobody had luck it is as good as anybody's turn.
    for (let left = eligible.length * 32; left > 0; left--) {
      state.next = state.next + 1 < eligible.length ? state.next + 1 : 0
      const share = eligible[state.next]?.health.share ?? 1
      if (share === 1 || random() < share) break
    }
    return eligible[state.next]
  }

  /** Shares do not count: a key would move, and move back. Trials are only for requests that would have gone there. */
  #pickByHash(state: GroupState, avoid: readonly EndpointPool[], hash: number): EndpointPool | undefined {
    const { eligible, trials, policy } = state
    if (avoid.length === 0 && trials.length > 0 && !state.isPanic) {
      const wanted = pickByHash(state.pools, hash)
      if (wanted !== undefined && trials.includes(wanted) && this.#mayTry(wanted)) return wanted
    }
    const percent = 'maxLoadPercent' in policy ? policy.maxLoadPercent : undefined
    const limit = percent === undefined ? Number.POSITIVE_INFINITY : loadLimit(eligible, percent)
    if (avoid.length === 0 && percent === undefined) return pickByHash(eligible, hash)
    const isOther = (pool: EndpointPool): boolean => !avoid.includes(pool)
    const open = pickByHash(eligible, hash, (pool) => pool.active < limit && isOther(pool))
    return open ?? pickByHash(eligible, hash, isOther) ?? pickOther(state, avoid, 0)
  }

  /** One of those on probation that may have this request. There may be thousands: each request looks at some of them. */
  #findTrial(state: GroupState): EndpointPool | undefined {
    const { trials } = state
    for (let looks = Math.min(trials.length, LOOKS_AT_TRIALS); looks > 0; looks--) {
      state.nextTrial = state.nextTrial + 1 < trials.length ? state.nextTrial + 1 : 0
      const pool = trials[state.nextTrial]
      if (pool !== undefined && this.#mayTry(pool)) return pool
    }
    return undefined
  }

  /** Leave for one request, where only a request can tell; otherwise a dial of our own is begun. */
  #mayTry(pool: EndpointPool): boolean {
    const { health } = pool
    if (!health.needsDial) return health.takeTrial(this.#deps.clock.monotonicMs())
    if (!health.isProbing) this.#probe(pool)
    return false
  }

  /**
   * An ejection for what became of connections is ended by a connection, which nobody's request has to wait for. It is
   * made only where requests want it: nobody dials endpoints that have no traffic, or that are gone.
   */
  #probe(pool: EndpointPool): void {
    const { health } = pool
    const startedMs = this.#deps.clock.monotonicMs()
    if (startedMs - this.#probedMs >= PROBES_EVERY_MS) {
      this.#probedMs = startedMs
      this.#probesLeft = PROBES_AT_ONCE
    }
    if (this.#probesLeft === 0) return
    this.#probesLeft--
    health.isProbing = true
    pool.probe((failure) => {
      health.isProbing = false
      this.#health.counters.probes[failure === undefined ? 'succeeded' : 'failed']++
      const { watcher } = health
      if (watcher === undefined) return
      if (failure === undefined) this.outcomes.onConnected({ health, watcher, startedMs })
      else this.outcomes.onUnreachable({ health, watcher, startedMs }, failure)
    })
  }
}
