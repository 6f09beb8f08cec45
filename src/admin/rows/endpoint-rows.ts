import type { EndpointSet } from '../../model/endpoint.ts'
import { healthKeyOf } from '../../proxy/balance/health/endpoint-health.ts'
import { mergeReadings } from '../../proxy/balance/health/endpoint-reading.ts'
import type { EndpointReading, MergedReading } from '../../proxy/balance/health/endpoint-reading.ts'

/**
 * Every endpoint of every Service port with how it is doing, those that stand aside too. Where processes do not agree it
 * is the worst that one of them says, and `out` is in how many of them the endpoint is not healthy.
 */
export function* endpointRows(
  sets: readonly EndpointSet[],
  processes: readonly (readonly EndpointReading[])[],
  service: string | undefined,
): Generator<object> {
  const readings = mergeReadings(processes)
  for (const { key, endpoints, aside = [], policy } of sets) {
    if (service !== undefined && !key.startsWith(`${service}:`)) continue
    for (const endpoint of endpoints) {
      const { address, port, workload, isNear } = endpoint
      const { uid, namespace, name } = workload
      const about = { service: key, address, port, uid, workload: name && `${namespace ?? ''}/${name}`, isNear }
      yield { ...about, policy: policy?.source, ...formatReading(readings.get(healthKeyOf(endpoint))) }
    }
    for (const { address, port, reason } of aside) yield { service: key, address, port, state: reason }
  }
}

const formatReading = (reading: MergedReading | undefined): object => {
  if (reading === undefined) return { state: 'healthy', active: 0, share: 1 }
  const { state, sinceMs, reason, active, share, ejectedUntilMs, ejections, out } = reading
  const { localOriginFailures, gatewayErrors, serverErrors } = reading
  return {
    state,
    since: formatTime(sinceMs),
    reason,
    active,
    share,
    ejectedUntil: formatTime(ejectedUntilMs),
    out,
    ejections,
    inARow: { localOriginFailures, gatewayErrors, serverErrors },
  }
}

const formatTime = (ms: number): string | undefined => (ms === 0 ? undefined : new Date(ms).toISOString())
