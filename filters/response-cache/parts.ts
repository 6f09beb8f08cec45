import type { Counter, Exchange, FilterEnv, RequestView } from 'fairway/filter'
import type { ResponseCacheConfig } from './config.ts'
import { createKeyMaker, type CacheKey, type KeyMaker } from './memory/cache-key.ts'
import { Room, type Fill } from './memory/fill.ts'
import { Flights, type Flight } from './memory/flights.ts'
import { createInvalidation, type Invalidation } from './memory/invalidation.ts'
import type { Asked, EntryRules } from './memory/make-entry.ts'
import { Store } from './memory/store.ts'

/** What became of a request, for metrics. */
export type Outcome = 'hit' | 'miss' | 'stale' | 'revalidated' | 'collapsed' | 'bypass' | 'only_if_cached'

/** A request that may be answered from what is stored. */
export interface Lookup extends Asked {
  readonly exchange: Exchange
  readonly key: CacheKey
  /** Its rule was known when it was looked up. */
  readonly isRouted: boolean
}

/** A request that the cache has let pass, or asks for again. */
export interface Passing {
  readonly lookup: Lookup
  /** `undefined`: its answer is not kept. */
  readonly flight: Flight | undefined
  /** Why, as Cache-Status has it: `uri-miss`. */
  readonly fwd: string
  fill: Fill | undefined
}

/** What one ResponseCache is made of. */
export interface CacheParts {
  readonly env: FilterEnv
  readonly rules: EntryRules
  readonly keys: KeyMaker
  readonly store: Store
  readonly flights: Flights
  readonly invalidation: Invalidation
  /**
   * This and what follows forgets each request with its end. It need not, but left to the collector what lies in there
   * outlives the young generation, together with its exchange: that was three quarters of what a miss took.
   */
  readonly passing: WeakMap<RequestView, Passing>
  /** The others have an answer, or nobody wants one: what they waited for is of no use to them. */
  readonly open: WeakSet<RequestView>
  /** What we have replied to ourselves. */
  readonly answered: WeakSet<RequestView>
  readonly maxWaitMs: number
  readonly tellsStatus: boolean
  readonly requests: Counter<'outcome'>
  readonly refreshes: Counter<'outcome'>
}

/** Makes them. */
export const createParts = (config: ResponseCacheConfig, env: FilterEnv): CacheParts => {
  const stored = env.counter('response_cache_stored_bytes_total', {
    help: 'What responses that were stored take in memory',
  })
  const gone = env.counter('response_cache_removed_bytes_total', {
    help: 'What responses took that are not stored any more, by why: evicted, replaced or invalidated',
    labels: ['reason'],
  })
  const store = new Store(config.maxBytes, {
    onStored: (bytes) => stored.inc({}, bytes),
    onGone: (bytes, reason) => gone.inc({ reason }, bytes),
  })
  const flights = new Flights(env)
  return {
    env,
    rules: {
      now: env.now,
      maxResponseBytes: config.maxResponseBytes,
      room: new Room(config.maxBytes),
      heuristicMs: config.heuristicFreshness ?? 0,
      staleWhileRevalidateMs: config.staleWhileRevalidate ?? 0,
      staleIfErrorMs: config.staleIfError ?? 0,
    },
    keys: createKeyMaker(config),
    store,
    flights,
    invalidation: createInvalidation({ store, flights }, env),
    passing: new WeakMap(),
    open: new WeakSet(),
    answered: new WeakSet(),
    maxWaitMs: config.maxWait,
    tellsStatus: config.cacheStatus,
    requests: env.counter('response_cache_requests_total', {
      help: 'Requests by what the cache did with them: hit, stale, collapsed, revalidated, miss, bypass, only_if_cached',
      labels: ['outcome'],
    }),
    refreshes: env.counter('response_cache_refreshes_total', {
      help: 'Stored responses that were asked for again, by what came of it: same, changed or failed',
      labels: ['outcome'],
    }),
  }
}
