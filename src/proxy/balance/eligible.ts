import { mostOut } from './health/endpoint-health.ts'
import type { Watcher } from './health/endpoint-health.ts'
import type { EndpointPool } from '../upstream/pool.ts'

/** Who of a Service port's endpoints may have requests. */
export interface Eligible {
  /** In the order of the group; empty only when it is. */
  readonly pools: readonly EndpointPool[]
  /** On probation: one request at a time, or a dial of our own. */
  readonly trials: readonly EndpointPool[]
  /** Nobody is healthy: everybody is used rather than nobody. */
  readonly isPanic: boolean
  /** Some have a share below 1. */
  readonly hasShares: boolean
}

/**
 * The rules of who may be picked, in this order:
 * 1. Ejected ones are left out, and those on probation but for trials, if the policy looks at what they were ejected for.
 *    Where more are ejected for their answers than it allows (they may have been for the sake of another Service), of
 *    these the ones whose ejection ends first are used. The only endpoint is always used.
 * 2. Of the others those nearby, as long as half of all those nearby are among them.
 * 3. When nobody is left everybody is (panic).
 */
export const findEligible = (
  all: readonly EndpointPool[],
  /** Some of them. */
  nearby: ReadonlySet<EndpointPool>,
  watcher: Pick<Watcher, 'size' | 'rules'>,
): Eligible => {
  const out = leaveOut(all, watcher)
  const healthy = out.length === 0 ? all : subtract(all, out)
  if (healthy.length === 0) {
    const trials = all.filter(({ health }) => health.state === 'probation' && health.isOutFor(watcher.rules))
    return { pools: all, trials, isPanic: all.length > 0, hasShares: false }
  }
  const near = nearby.size === 0 ? [] : healthy.filter((pool) => nearby.has(pool))
  const isNearEnough = near.length > 0 && near.length * 2 >= nearby.size
  const pools = isNearEnough && near.length < healthy.length ? near : healthy
  const trials = out.filter((pool) => pool.health.state === 'probation' && (!isNearEnough || nearby.has(pool)))
  return { pools, trials, isPanic: false, hasShares: pools.some(({ health }) => health.share < 1) }
}

const leaveOut = (all: readonly EndpointPool[], watcher: Pick<Watcher, 'size' | 'rules'>): readonly EndpointPool[] => {
  const most = mostOut(watcher)
  const out = all.filter(({ health }) => health.isOutFor(watcher.rules))
  if (out.length <= most) return out
  if (watcher.size < 2) return []
  const judged = out.filter(({ health }) => !health.needsDial).toSorted((a, b) => b.health.untilMs - a.health.untilMs)
  const spared = new Set(judged.slice(most))
  return out.filter((pool) => !spared.has(pool))
}

const subtract = (all: readonly EndpointPool[], out: readonly EndpointPool[]): readonly EndpointPool[] => {
  const gone = new Set(out)
  return all.filter((pool) => !gone.has(pool))
}
