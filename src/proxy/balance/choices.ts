import type { EndpointPool } from '../upstream/pool.ts'
import type { GroupState } from './group-state.ts'

/** Tries to find one that accepts, after which the one with the largest share must do. */
const MAX_TRIES = 32

type Choice = (pools: readonly EndpointPool[], random: () => number) => EndpointPool | undefined

/** Any, each as likely. */
export const pickByChance: Choice = (pools, random) => pools[Math.floor(random() * pools.length)]

/** Of two by chance the one with fewer requests under way: close to the least of all, and nobody has to look at all. */
export const pickLeastRequest: Choice = (pools, random) => {
  const count = pools.length
  if (count < 2) return pools[0]
  // One throw for both: which one, and how far behind it the other.
  const throwOf = Math.floor(random() * count * (count - 1))
  const first = throwOf % count
  const second = (first + 1 + Math.floor(throwOf / count)) % count
  const [one, other] = [pools[first], pools[second]]
  return one !== undefined && other !== undefined && other.active < one.active ? other : one
}

/** As `choose` has it, where endpoints take only their share of what they are chosen for. */
export const pickUntilAccepted = (
  { eligible }: Pick<GroupState, 'eligible'>,
  random: () => number,
  choose: Choice,
): EndpointPool | undefined => {
  let best: EndpointPool | undefined
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const pool = choose(eligible, random)
    const share = pool?.health.share ?? 1
    if (share === 1 || random() < share) return pool
    if (best === undefined || share > best.health.share) best = pool
  }
  return best
}

/**
 * Another than those in `avoid`, from place `start` on: at best one with its whole share, at worst one that is ejected for
 * its answers; when there is no other one, at least another than the last of them. One that cannot be connected to is no
 * other one. Whose turn it is stays as it is.
 */
export const pickOther = (
  { eligible, pools }: Pick<GroupState, 'eligible' | 'pools'>,
  avoid: readonly EndpointPool[],
  start: number,
): EndpointPool | undefined => {
  let best: EndpointPool | undefined
  for (let i = 0; i < eligible.length; i++) {
    const other = eligible[(start + i) % eligible.length]
    if (other === undefined || avoid.includes(other)) continue
    if (other.health.share === 1) return other
    if (best === undefined || other.health.share > best.health.share) best = other
  }
  best ??= findLeft(pools, avoid)
  if (best !== undefined) return best
  const after = eligible[start % eligible.length]
  return after === avoid.at(-1) ? eligible[(start + 1) % eligible.length] : after
}

/** Far away rather than on probation, and that rather than ejected. */
const findLeft = (pools: readonly EndpointPool[], avoid: readonly EndpointPool[]): EndpointPool | undefined => {
  const left = pools.filter(
    (pool) => !avoid.includes(pool) && (pool.health.state === 'healthy' || !pool.health.needsDial),
  )
  for (const state of ['healthy', 'probation', 'ejected']) {
    const found = left.find(({ health }) => health.state === state)
    if (found !== undefined) return found
  }
  return undefined
}
