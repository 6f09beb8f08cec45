import { formatDuration } from '../lib/duration.ts'
import { joinHostPort } from '../lib/ip.ts'
import type {
  BackendLimits,
  BackendPolicy,
  HashKey,
  LoadBalancing,
  OutlierDetection,
  PoolPolicy,
  RetryBudgetPolicy,
  SessionPersistence,
} from '../model/backend/backend-policy.ts'
import type { EndpointGroup } from './snapshot.ts'
import { nameSome } from '../lib/lists/name-some.ts'

/** What is asked for the endpoints of a group, and which of them stand aside, each as a line about `name`. */
export const formatGroup = (
  name: string,
  { endpoints, aside = [], policy }: Pick<EndpointGroup, 'endpoints' | 'aside' | 'policy'>,
): readonly string[] => {
  const near = endpoints.filter(({ isNear }) => isNear === true).length
  const away = aside.map(({ address, port, reason }) => `${joinHostPort(address, port)} ${reason}`)
  return [
    ...(policy === undefined ? [] : formatPolicy(name, policy)),
    ...(near === 0 ? [] : [`${name} prefers ${near} of ${endpoints.length} endpoints, which are near`]),
    ...(away.length === 0 ? [] : [`${name} has ${count(away.length)} aside, without requests: ${list(away)}`]),
  ]
}

const count = (endpoints: number): string => `${endpoints} endpoint${endpoints === 1 ? '' : 's'}`

/** How many endpoints are named before they are only counted. */
const SHOWN = 10

const list = (items: readonly string[]): string => nameSome(items, SHOWN)

/** Requests of one session, for people. */
export const formatSession = (session: SessionPersistence): string => {
  const { type, name, path, lifetimeType, absoluteTimeoutMs } = session
  const at = path === undefined ? '' : ` of path ${path}`
  const kept = lifetimeType === 'Permanent' ? ', which outlives the browser' : ''
  const end = absoluteTimeoutMs === undefined ? '' : `, for ${formatDuration(absoluteTimeoutMs)} at most`
  return `sessions by ${type.toLowerCase()} ${name}${at}${kept}${end}`
}

const formatPolicy = (name: string, policy: BackendPolicy): readonly string[] => {
  const { source, loadBalancing, outlierDetection, limits, retryBudget, pool, sessionPersistence } = policy
  const lines = [
    ...(loadBalancing === undefined ? [] : [`is balanced by ${formatBalancing(loadBalancing)}`]),
    ...(outlierDetection === undefined ? [] : [`ejects endpoints ${formatDetection(outlierDetection)}`]),
    ...(limits === undefined ? [] : [`takes at most ${formatLimits(limits)}`]),
    ...(retryBudget === undefined ? [] : [`has retries for ${formatBudget(retryBudget)}`]),
    ...(pool === undefined ? [] : [`has connections with ${formatPool(pool)}`]),
    ...(sessionPersistence === undefined ? [] : [`has ${formatSession(sessionPersistence)} where no route applies`]),
  ]
  return lines.map((line) => `${name} ${line} (${source})`)
}

const formatBalancing = (balancing: LoadBalancing): string => {
  if (balancing.algorithm === 'ConsistentHash') {
    const { algorithm, key, maxLoadPercent } = balancing
    const bound = maxLoadPercent === undefined ? '' : `, at most ${maxLoadPercent} % of the mean load each`
    return `${algorithm} of ${formatKey(key)}${bound}`
  }
  const { algorithm, slowStart } = balancing
  if (slowStart === undefined) return algorithm
  return `${algorithm}, new ones with ${slowStart.minimumPercent} % to begin with and all after ${formatDuration(slowStart.durationMs)}`
}

const formatKey = (key: HashKey): string => {
  switch (key.type) {
    case 'Header':
      return `header ${key.name}`
    case 'Cookie':
      return `cookie ${key.name}`
    case 'QueryParameter':
      return `query parameter ${key.name}`
    case 'JWTClaim':
      return `JWT claim ${key.name}`
    case 'SourcePrincipal':
      return "the client's identity"
    case 'SourceAddress':
      return "the client's address"
  }
}

const formatDetection = (detection: OutlierDetection): string => {
  const { consecutive5xxErrors, consecutiveGatewayErrors, consecutiveLocalOriginFailures, successRatio } = detection
  const rows = [
    [consecutive5xxErrors, '5xx'],
    [consecutiveGatewayErrors, 'gateway errors'],
    [consecutiveLocalOriginFailures, 'failures of our own to reach them'],
  ] as const
  const counts = rows.flatMap(([limit, what]) => (limit === 0 ? [] : [`${limit} ${what} in a row`]))
  const ratio =
    successRatio === undefined
      ? []
      : [
          `less than ${successRatio.minimumPercent} % good answers in ${formatDuration(detection.intervalMs)} with ${successRatio.minimumRequests} or more`,
        ]
  const [base, max] = [formatDuration(detection.baseEjectionMs), formatDuration(detection.maxEjectionMs)]
  const causes = [...counts, ...ratio].join(', ')
  return `after ${causes === '' ? 'nothing' : causes}: for ${base} to ${max}, ${detection.maxEjectionPercent} % of them at most`
}

const formatLimits = ({ maxConnections, maxRequests, maxPendingRequests }: BackendLimits): string =>
  [
    ...(maxConnections === undefined ? [] : [`${maxConnections} connections`]),
    ...(maxRequests === undefined ? [] : [`${maxRequests} requests`]),
    ...(maxPendingRequests === undefined ? [] : [`${maxPendingRequests} that wait`]),
  ].join(', ')

const formatBudget = ({
  percent,
  intervalMs,
  minRetryRate: { count: floor, intervalMs: each },
}: RetryBudgetPolicy): string =>
  `${percent} % of the requests of ${formatDuration(intervalMs)}, or ${floor} in ${formatDuration(each)}`

const formatPool = ({ connectMs, idleMs }: PoolPolicy): string =>
  [
    ...(connectMs === undefined ? [] : [`${formatDuration(connectMs)} to be made`]),
    ...(idleMs === undefined ? [] : [`${formatDuration(idleMs)} of idleness`]),
  ].join(', ')
