import type { EndpointPool } from '../upstream/pool.ts'
import { mix } from '../../lib/hash/hash-text.ts'

const LEAST = -0x8000_0000

/**
 * The endpoint that a hash belongs to: the one with the highest score for it (rendezvous hashing). Who has the same
 * endpoints chooses the same, whatever their order; without one of them only its own hashes go elsewhere, and they are
 * spread over the others. `isOpen` passes over endpoints: the next highest score has its turn. Costs about 2 ns each.
 */
export const pickByHash = (
  pools: readonly EndpointPool[],
  hash: number,
  isOpen: (pool: EndpointPool) => boolean = always,
): EndpointPool | undefined => {
  let best: EndpointPool | undefined
  let bestScore = LEAST - 1
  for (let i = 0; i < pools.length; i++) {
    const pool = pools[i]
    if (pool === undefined) continue
    const score = mix(hash ^ pool.health.hash)
    if (score > bestScore && isOpen(pool)) {
      best = pool
      bestScore = score
    }
  }
  return best
}

const always = (): boolean => true

/** Requests under way that one endpoint may have: `percent` of the mean, with the one that is to come, rounded up. */
export const loadLimit = (pools: readonly EndpointPool[], percent: number): number => {
  let active = 1
  for (let i = 0; i < pools.length; i++) active += pools[i]?.active ?? 0
  return Math.ceil((active * percent) / (100 * pools.length))
}
