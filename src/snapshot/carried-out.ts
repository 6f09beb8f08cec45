import { formatDuration } from '../lib/duration.ts'
import type { BackendTls } from '../model/endpoint.ts'
import type { Mirror, Retry, Timeouts } from '../model/route.ts'
import { formatGroup, formatSession } from './format-policy.ts'
import { groupOf } from './resolve.ts'
import type { BackendPlan, RulePlan, Snapshot } from './snapshot.ts'

type ServicePlan = Extract<BackendPlan, { readonly kind: 'service' }>

/** How a rule is carried out once it has won, as lines for people: what the proxy reads of it, besides its filters. */
export const formatRule = (rule: RulePlan, snapshot: Snapshot): readonly string[] => [
  ...formatTimeouts(rule.timeouts),
  ...formatRetry(rule.retry),
  ...formatAsked(rule.source),
  ...(rule.source.sessionPersistence === undefined ? [] : [formatSession(rule.source.sessionPersistence)]),
  ...rule.mirrors.map((mirror) => formatMirror(mirror, snapshot.groups)),
  ...rule.backends.flatMap((backend) => (backend.kind === 'service' ? formatBackend(backend, snapshot) : [])),
]

/** What is special about a backend: that it is closed, spoken to in TLS, under a policy, or mirrored. */
export const formatBackend = (backend: ServicePlan, snapshot: Snapshot): readonly string[] => [
  ...formatEndpoints(backend, snapshot),
  ...backend.mirrors.map((mirror) => `backend ${formatName(backend)}, ${formatMirror(mirror, snapshot.groups)}`),
]

/** What is special about the endpoints of a backend. */
export const formatEndpoints = (
  backend: Omit<ServicePlan, 'chain' | 'mirrors'>,
  snapshot: Snapshot,
): readonly string[] => {
  const name = `backend ${formatName(backend)}`
  const group = groupOf(snapshot, backend)
  if (group === undefined) return []
  const { closed, tls } = group
  return [
    ...(closed === undefined ? [] : [`${name} is closed (503): ${closed}`]),
    ...(tls === undefined ? [] : [`${name} is spoken to in TLS: ${formatTls(tls)}`]),
    ...formatGroup(name, group),
  ]
}

/** `shop/api:80`, or `Pod shop/api-1:8080`. */
export const formatName = ({ group, destination }: Pick<ServicePlan, 'group' | 'destination'>): string =>
  group?.key ?? `${destination.namespace}/${destination.name}:${destination.port}`

/** Filters that have somebody else decide. */
const formatAsked = ({ filters }: Pick<RulePlan['source'], 'filters'>): readonly string[] =>
  filters
    .filter(({ kind }) => kind === 'ExternalAuth')
    .map(({ origin }) => `${origin} asks somebody else whether the request may pass (ExternalAuth)`)

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

const formatMirror = (mirror: Mirror, groups: Snapshot['groups']): string => {
  const { service, endpoints, numerator, denominator, comparison } = mirror
  const closed = groups.get(endpoints)?.closed
  const why = closed === undefined ? '' : `, which is closed: ${closed}`
  const compared = comparison === undefined ? '' : `, its answers compared by MirrorComparison ${comparison.key}`
  return `mirror: ${numerator} of ${denominator} to Service ${service.namespace}/${service.name}:${service.port}${why}${compared}`
}

const formatTls = ({ hostname, subjectAltNames, ca }: BackendTls): string => {
  const names = subjectAltNames.map(({ value }) => value)
  const wanted = names.length === 0 ? '' : `, one of ${names.join(', ')} in its certificate`
  const roots = ca === 'System' ? "the system's roots" : `${ca.length} configured root${ca.length === 1 ? '' : 's'}`
  return `name ${hostname}${wanted}, by ${roots}`
}
