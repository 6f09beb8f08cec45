import type { ConnectionRule, SniRule } from '../../model/connection-route.ts'
import { formatEndpoints, formatName } from '../carried-out.ts'
import { connectionTableOf, resolveTcp, resolveTls } from '../resolve-tcp.ts'
import { groupOf } from '../resolve.ts'
import type {
  BackendPlan,
  ConnectionBackendPlan,
  ConnectionPlan,
  ConnectionResolution,
  ConnectionTable,
  EndpointGroup,
  Frontend,
  Snapshot,
} from '../snapshot.ts'
import { plansOf } from './compile-connections.ts'

/** A backend in an explanation. */
export interface ExplainedBackend {
  readonly name: string
  readonly weight: number
  readonly endpoints: number
  /** Its share is answered with a failure, or its connections are refused. */
  readonly isInvalid?: true
}

/** What would become of a connection, and why. */
export interface ExplainedConnection {
  readonly outcome: 'closed' | 'no-match' | 'pass-through' | 'match'
  readonly route: string | undefined
  readonly rule: string | undefined
  readonly backends: readonly ExplainedBackend[]
  readonly reasons: readonly string[]
  /** Of its backends. */
  readonly groups: readonly EndpointGroup[]
}

/** Backends for an explanation, with how many endpoints each has. */
export const describeBackends = (
  plans: readonly (BackendPlan | ConnectionBackendPlan)[],
  snapshot: Snapshot,
): readonly ExplainedBackend[] =>
  plans.map((backend) =>
    backend.kind === 'invalid'
      ? { name: `invalid: ${backend.reason}`, weight: backend.weight, endpoints: 0, isInvalid: true }
      : {
          name: formatName(backend),
          weight: backend.weight,
          endpoints: groupOf(snapshot, backend)?.endpoints.length ?? 0,
        },
  )

/** The endpoints of backends, as far as there are any. */
export const groupsOf = (
  plans: readonly (BackendPlan | ConnectionBackendPlan)[],
  snapshot: Snapshot,
): readonly EndpointGroup[] =>
  plans.flatMap((backend) => (backend.kind === 'invalid' ? [] : (groupOf(snapshot, backend) ?? [])))

/** What would become of a connection: one with TLS if the query has a server name, be it an empty one. */
export const explainConnection = (
  snapshot: Snapshot,
  frontend: Frontend,
  { sni, sourceNamespace }: { readonly sni?: string; readonly sourceNamespace: string | undefined },
): ExplainedConnection => {
  const resolution =
    sni === undefined
      ? resolveTcp(frontend, sourceNamespace)
      : resolveTls(frontend, sourceNamespace, sni === '' ? undefined : sni)
  const table = connectionTableOf(frontend, sourceNamespace)
  const set = formatSet(table, table !== undefined && frontend.connections?.producer !== table, sourceNamespace)
  const isTls = sni !== undefined || frontend.protocol === 'tls'
  const winner = resolution.kind === 'backends' ? resolution : undefined
  const others = table === undefined ? [] : plansOf(table).filter((plan) => plan !== winner)
  const plans =
    resolution.kind === 'refused' ? [] : resolution.kind === 'backends' ? resolution.backends : [resolution.backend]
  return {
    outcome: outcomeOf(resolution),
    route: resolution.kind === 'pass-through' ? undefined : resolution.route,
    rule: winner?.rule,
    backends: describeBackends(plans, snapshot),
    groups: groupsOf(plans, snapshot),
    reasons: [
      set,
      ...(winner === undefined ? [] : [`${formatPlan(winner)} ${formatNames(winner.source)}`]),
      ...(resolution.kind === 'refused' ? [`the connection is refused: ${resolution.reason}`] : []),
      ...plans.flatMap((backend) => formatPart(backend, snapshot, isTls)),
      ...others.map((plan) => `${formatPlan(plan)} ${formatNames(plan.source)}`),
    ],
  }
}

const outcomeOf = (resolution: ConnectionResolution): ExplainedConnection['outcome'] => {
  switch (resolution.kind) {
    case 'backends':
      return 'match'
    case 'pass-through':
      return 'pass-through'
    case 'refused':
      return resolution.cause
  }
}

const formatSet = (
  table: ConnectionTable | undefined,
  isConsumers: boolean,
  sourceNamespace: string | undefined,
): string => {
  const client = sourceNamespace === undefined ? 'a client of unknown namespace' : sourceNamespace
  if (table === undefined) return `no routes for connections of ${client}: they pass through to the endpoints`
  const [routes, apply] = table.kind === 'tcp' ? ['TCPRoute', 'applies'] : ['TLSRoutes', 'apply']
  return isConsumers
    ? `the consumer ${routes} of ${client} ${apply} instead of the Service's own`
    : `the Service's own ${routes} ${apply} to ${client}`
}

/** What is special about where it goes. TLS that is the client's own is not wrapped in ours. */
const formatPart = (backend: ConnectionBackendPlan, snapshot: Snapshot, isTls: boolean): readonly string[] => {
  if (backend.kind === 'invalid') {
    const { ref, weight, reason } = backend
    return [`backend ${ref} (weight ${weight}) ${weight === 0 ? 'gets no connection' : 'is refused'}: ${reason}`]
  }
  const lines = formatEndpoints(backend, snapshot)
  const { tls } = groupOf(snapshot, backend) ?? {}
  return isTls && tls !== undefined ? lines.slice(0, -1) : lines
}

const formatPlan = ({ route, rule }: ConnectionPlan): string => `${route} rule ${rule}`

const formatNames = (source: ConnectionRule | SniRule): string => {
  if (!('hostnames' in source)) return 'has every connection'
  return source.hostnames.length === 0
    ? 'is for any server name that no other has, and none'
    : `is for ${source.hostnames.join(', ')}`
}
