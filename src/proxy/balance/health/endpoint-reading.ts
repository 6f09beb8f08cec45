import type { EndpointHealth } from './endpoint-health.ts'
import { formatHealth } from './format-health.ts'

/** How an endpoint is doing in one process, as plain data. Endpoints without one are healthy and idle. */
export interface EndpointReading {
  /** `healthKeyOf` */
  readonly key: string
  readonly state: EndpointHealth['state']
  /** Milliseconds since the epoch; 0: always. */
  readonly sinceMs: number
  /** Why it has fewer requests than others, or none, for people; `undefined` when it has not. */
  readonly reason: string | undefined
  /** Requests and connections under way. */
  readonly active: number
  /** Of the requests that it would have otherwise, from 0 to 1. */
  readonly share: number
  /** Milliseconds since the epoch; 0 when it is not ejected. */
  readonly ejectedUntilMs: number
  /** In a row. */
  readonly ejections: number
  /** In a row. */
  readonly localOriginFailures: number
  readonly gatewayErrors: number
  readonly serverErrors: number
}

/** Reads those of `noted`, and of the endpoints of `pools` those with something under way. */
export const readEndpoints = (
  noted: Iterable<EndpointHealth>,
  pools: Iterable<{ readonly health: EndpointHealth; readonly active: number }>,
  now: { readonly monotonicMs: number; readonly epochMs: number },
): readonly EndpointReading[] => {
  const active = new Map<EndpointHealth, number>(Array.from(noted, (health) => [health, 0]))
  for (const pool of pools) {
    if (pool.active > 0 || active.has(pool.health)) {
      active.set(pool.health, (active.get(pool.health) ?? 0) + pool.active)
    }
  }
  const toEpoch = (ms: number): number => Math.round(now.epochMs + ms - now.monotonicMs)
  return Array.from(active, ([health, count]) => ({
    key: health.key,
    state: health.state,
    sinceMs: health.sinceMs === 0 ? 0 : toEpoch(health.sinceMs),
    reason: formatHealth(health, now.monotonicMs),
    active: count,
    share: health.share,
    ejectedUntilMs: health.state === 'ejected' ? toEpoch(health.untilMs) : 0,
    ejections: health.ejections,
    localOriginFailures: health.localOriginFailures,
    gatewayErrors: health.gatewayErrors,
    serverErrors: health.serverErrors,
  }))
}

/** The same endpoint in several processes, each with its own view. */
export interface MergedReading extends EndpointReading {
  /** In how many processes it is not healthy. */
  readonly out: number
}

/**
 * The readings of all processes by endpoint: what is under way in all of them, and for the rest what the one says that
 * thinks the worst of it.
 */
export const mergeReadings = (
  processes: readonly (readonly EndpointReading[])[],
): ReadonlyMap<string, MergedReading> => {
  const merged = new Map<string, MergedReading>()
  for (const reading of processes.flat()) {
    const other = merged.get(reading.key)
    const out = reading.state === 'healthy' ? 0 : 1
    if (other === undefined) merged.set(reading.key, { ...reading, out })
    else {
      const worst = isWorse(reading, other) ? reading : other
      merged.set(reading.key, { ...worst, active: other.active + reading.active, out: other.out + out })
    }
  }
  return merged
}

const RANK = { healthy: 0, probation: 1, ejected: 2 } as const

const isWorse = (one: EndpointReading, other: EndpointReading): boolean =>
  (RANK[one.state] - RANK[other.state] || other.share - one.share || one.ejectedUntilMs - other.ejectedUntilMs) > 0
