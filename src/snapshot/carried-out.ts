import { formatDuration } from '../lib/duration.ts'
import type { BackendTls } from '../model/endpoint.ts'
import type { Mirror, Retry, Timeouts } from '../model/route.ts'
import type { BackendPlan, RulePlan, Snapshot } from './snapshot.ts'

type ServicePlan = Extract<BackendPlan, { readonly kind: 'service' }>

/** How a rule is carried out once it has won, as lines for people: what the proxy reads of it, besides its filters. */
export const formatRule = (rule: RulePlan, groups: Snapshot['groups']): readonly string[] => [
  ...formatTimeouts(rule.timeouts),
  ...formatRetry(rule.retry),
  ...rule.mirrors.map((mirror) => formatMirror(mirror, groups)),
  ...rule.backends.flatMap((backend) => (backend.kind === 'service' ? formatBackend(backend, groups) : [])),
]

/** What is special about a backend: that it is closed, or spoken to in TLS, or mirrored. */
export const formatBackend = (
  { destination, endpoints, mirrors }: ServicePlan,
  groups: Snapshot['groups'],
): readonly string[] => {
  const name = `backend ${destination.namespace}/${destination.name}:${destination.port}`
  const group = groups.get(endpoints)
  return [
    ...(group?.closed === undefined ? [] : [`${name} is closed (503): ${group.closed}`]),
    ...(group?.tls === undefined ? [] : [`${name} is spoken to in TLS: ${formatTls(group.tls)}`]),
    ...mirrors.map((mirror) => `${name}, ${formatMirror(mirror, groups)}`),
  ]
}

const formatTimeouts = (timeouts: Timeouts | undefined): readonly string[] => {
  const { requestMs, backendRequestMs } = timeouts ?? {}
  const parts = [
    ...(requestMs === undefined ? [] : [`request ${formatDuration(requestMs)}`]),
    ...(backendRequestMs === undefined ? [] : [`each try ${formatDuration(backendRequestMs)}`]),
  ]
  return parts.length === 0 ? [] : [`timeouts: ${parts.join(', ')}`]
}

const formatRetry = (retry: Retry | undefined): readonly string[] => {
  if (retry === undefined) return []
  const causes = retry.codes.length === 0 ? 'connection errors' : retry.codes.join(', ')
  const wait = retry.backoffMs === 0 ? '' : ` after ${formatDuration(retry.backoffMs)}`
  return [`retries: ${retry.attempts} on ${causes}${wait}`]
}

const formatMirror = ({ service, endpoints, numerator, denominator }: Mirror, groups: Snapshot['groups']): string => {
  const closed = groups.get(endpoints)?.closed
  const why = closed === undefined ? '' : `, which is closed: ${closed}`
  return `mirror: ${numerator} of ${denominator} to Service ${service.namespace}/${service.name}:${service.port}${why}`
}

const formatTls = ({ hostname, subjectAltNames, ca }: BackendTls): string => {
  const names = subjectAltNames.map(({ value }) => value)
  const wanted = names.length === 0 ? '' : `, one of ${names.join(', ')} in its certificate`
  const roots = ca === 'System' ? "the system's roots" : `${ca.length} configured root${ca.length === 1 ? '' : 's'}`
  return `name ${hostname}${wanted}, by ${roots}`
}
