import type { EndpointSet } from '../../model/endpoint.ts'
import type { LimitReading } from '../../proxy/balance/limits/service-loads.ts'

/**
 * Every Service port with limits and what it has under way: each figure for each process, since limits hold in each of
 * them.
 */
export function* limitRows(
  sets: readonly EndpointSet[],
  processes: readonly (readonly LimitReading[])[],
): Generator<object> {
  const loads = processes.map((readings) => new Map(readings.map((reading) => [reading.key, reading])))
  for (const { key, policy } of sets) {
    if (policy?.limits === undefined) continue
    const list = (what: 'requests' | 'pending' | 'connections'): readonly number[] =>
      loads.map((load) => load.get(key)?.[what] ?? 0)
    const underWay = { requests: list('requests'), pending: list('pending'), connections: list('connections') }
    yield { service: key, policy: policy.source, limits: policy.limits, ...underWay }
  }
}
