import type { LoadBalancing, OutlierDetection } from '../../model/backend/backend-policy.ts'
import { passiveOutlierDetection } from '../../model/backend/backend-defaults.ts'
import type { EndpointKey } from '../../model/endpoint.ts'
import type { EndpointGroup } from '../../snapshot/snapshot.ts'
import type { EndpointPool } from '../upstream/pool.ts'
import { findEligible } from './eligible.ts'
import type { SlowStart, Watcher } from './health/endpoint-health.ts'

/** Whose turn it is is looked for among so many: where more than these are gone at once, nearly all are others. */
const LOOKS_BACK = 32

const roundRobin: LoadBalancing = { algorithm: 'RoundRobin' }

/** When endpoints of a Service port are ejected; of one that is gone as of one without a policy. */
export const rulesOf = (group: EndpointGroup | undefined): OutlierDetection =>
  group?.policy?.outlierDetection ?? passiveOutlierDetection

/** What the balancer keeps for one endpoint group: who may be picked, and whose turn it is. */
export class GroupState implements Watcher {
  readonly group: EndpointGroup
  readonly pools: readonly EndpointPool[]
  /** Of the group's endpoints: a pool may be another Service's too, which asks for something else. */
  readonly #near: ReadonlySet<EndpointPool>
  readonly policy: LoadBalancing
  readonly rules: Watcher['rules']
  readonly slowStart: SlowStart | undefined
  /** Of the registry, when what follows was found out. */
  epoch = -1
  /** Monotonic; kept where there are many. */
  refreshedMs = Number.NEGATIVE_INFINITY
  /** May be picked at any time; empty only when the group is. */
  eligible: readonly EndpointPool[] = []
  trials: readonly EndpointPool[] = []
  hasShares = false
  isPanic = false
  /** Nothing but turns decides. */
  isPlain = false
  /** Where the last pick went, among `eligible`. */
  next = -1
  turn = -1
  /** Where the last look at `trials` ended. */
  nextTrial = -1
  /** How many went there in a row. */
  picks = 0
  /** How many each but the first has in this round: as many as the first had. */
  quota = 0

  /** `before`: of the same Service port, with the endpoints that it had before these; turns go on from there. */
  constructor(group: EndpointGroup, pools: readonly EndpointPool[], before?: GroupState) {
    const { policy } = group
    this.group = group
    this.pools = pools
    this.#near = new Set(pools.filter((_, i) => group.endpoints[i]?.isNear === true))
    this.policy = policy?.loadBalancing ?? roundRobin
    this.rules = rulesOf(group)
    this.slowStart = 'slowStart' in this.policy ? this.policy.slowStart : undefined
    if (before === undefined) return
    this.eligible = before.eligible
    this.next = before.next
    this.turn = before.turn
    this.picks = before.picks
    this.quota = before.quota
  }

  get key(): EndpointKey {
    return this.group.key
  }

  get size(): number {
    return this.pools.length
  }

  countOut(): number {
    let out = 0
    for (const { health } of this.pools) if (health.isOutFor(this.rules)) out++
    return out
  }

  /** Where all were away it was the network, most likely, and the first one back should not have to do everything. */
  onReturned(nowMs: number): void {
    let healthy = 0
    for (const { health } of this.pools) if (health.state === 'healthy' && ++healthy > 1) return
    for (const { health } of this.pools) health.hasten(nowMs)
  }

  /** Finds out anew who may be picked. */
  refresh(epoch: number): void {
    const { pools, trials, isPanic, hasShares } = findEligible(this.pools, this.#near, this)
    this.epoch = epoch
    this.#keepTurn(pools)
    this.eligible = pools
    this.trials = trials
    this.isPanic = isPanic
    this.hasShares = hasShares && pools.length > 1
    this.isPlain = this.policy.algorithm === 'RoundRobin' && pools.length > 0 && trials.length === 0 && !this.hasShares
    for (const { health } of this.pools) health.watcher = this
  }

  /**
   * Who follows the one that had the last pick is next, also among `pools`. Began each change with the first of all, those
   * behind would have nothing where changes are frequent.
   */
  #keepTurn(pools: readonly EndpointPool[]): void {
    const last = this.next
    if (last < 0) return
    let at = last
    for (; at >= 0 && last - at < LOOKS_BACK; at--) {
      const pool = this.eligible[at]
      const found = pool === undefined ? -1 : pools.indexOf(pool)
      if (found < 0) continue
      this.next = found
      // That one has had its own turn, and has no part in this one.
      if (at !== last) this.#endTurn()
      return
    }
    // Nobody is left of those before: the first is next; among many, whoever stands at about the same place.
    this.next = at < 0 ? pools.length - 1 : Math.min(last, pools.length - 1)
    this.#endTurn()
  }

  #endTurn(): void {
    this.turn = -1
    this.picks = this.quota
  }
}
