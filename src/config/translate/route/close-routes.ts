import type { Condition } from '../../../model/condition.ts'
import type { Route } from '../../../model/route.ts'
import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import type { UnimplementedRouteObject } from '../../objects/unimplemented-route.ts'
import type { Attachments } from './attach-routes.ts'
import type { Entry } from '../catalog.ts'
import { conditionOf } from '../conditions.ts'
import { formatParent } from './format-parent.ts'
import { resolveParent, type ParentScope } from './resolve-parent.ts'

interface CloseScope extends ParentScope {
  readonly attachments: Attachments
  /** Takes the reasons why Service ports are closed, by `NAMESPACE/NAME:PORT`. */
  readonly closedPorts: Map<string, string>
}

/**
 * Closes what a route of an unimplemented kind acts on, since to pass its traffic through would be to ignore it. From
 * the Service's own namespace that is the port. From another namespace it concerns only that namespace's clients:
 * a GRPCRoute becomes a closed consumer route; TCP and TLS cannot be told apart by client and are left as they are.
 */
export const closeForRoute = (
  entry: Entry<UnimplementedRouteObject>,
  scope: CloseScope,
): { readonly route: Route | undefined; readonly conditions: readonly Condition[] } => {
  const { kind, metadata, parentRefs } = entry.object
  const conditions: Condition[] = []
  let route: Route | undefined
  for (const ref of parentRefs) {
    const parent = formatParent(ref, metadata.namespace)
    const resolved = resolveParent(ref, metadata.namespace, scope)
    if (resolved.kind === 'foreign') continue
    if (resolved.kind === 'refused') {
      const { reason, message } = resolved
      conditions.push(
        conditionOf(entry, { parent, type: 'Accepted', status: 'False', reason, message, path: ref.path }),
      )
      continue
    }
    const outcomes = new Set(
      resolved.ports.map((port) => closePort(entry.object, resolved.service.object, { port, scope })),
    )
    if (outcomes.has('consumer')) route = closedRoute(entry.object)
    const isConflict = outcomes.size === 1 && outcomes.has('outranked')
    conditions.push(
      conditionOf(entry, {
        parent,
        type: 'Accepted',
        status: 'False',
        reason: isConflict ? 'Conflicted' : 'UnsupportedKind',
        message: isConflict ? `an HTTPRoute on the same port outranks a ${kind}` : explain(kind, outcomes),
        path: ref.path,
      }),
    )
  }
  return { route, conditions }
}

type Outcome = 'closed' | 'consumer' | 'outranked' | 'left'

const explain = (kind: string, outcomes: ReadonlySet<Outcome>): string => {
  const why = `${kind} is not implemented yet`
  if (outcomes.has('closed')) return `${why}: the ports it attaches to are closed (503)`
  if (outcomes.has('consumer')) return `${why}: clients of its namespace are refused there (503)`
  return `${why}: it has no effect`
}

const closePort = (
  { kind, metadata }: UnimplementedRouteObject,
  service: ServiceObject,
  { port, scope }: { readonly port: ServicePortObject; readonly scope: CloseScope },
): Outcome => {
  const key = `${service.metadata.namespace}/${service.metadata.name}:${port.port}`
  const attached = scope.attachments.get(key)
  const isProducer = metadata.namespace === service.metadata.namespace
  // Kinds on one port rank GRPCRoute, HTTPRoute, TLSRoute, TCPRoute (GEP-1294); the loser is ignored.
  if (kind !== 'GRPCRoute' && (attached?.producers.size ?? 0) > 0) return 'outranked'
  if (isProducer) {
    scope.closedPorts.set(key, `${kind} ${metadata.namespace}/${metadata.name}: ${kind} is not implemented yet`)
    return 'closed'
  }
  if (kind !== 'GRPCRoute') return 'left'
  const routes = attached ?? { producers: new Set<string>(), consumers: new Map<string, Set<string>>() }
  scope.attachments.set(key, routes)
  // It outranks the namespace's HTTPRoutes, so it takes their place.
  routes.consumers.set(metadata.namespace, new Set([routeKey(metadata)]))
  return 'consumer'
}

const routeKey = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
  `GRPCRoute/${namespace}/${name}`

const closedRoute = ({ metadata }: UnimplementedRouteObject): Route => ({
  key: routeKey(metadata),
  kind: 'GRPCRoute',
  namespace: metadata.namespace,
  name: metadata.name,
  ...(metadata.createdAtMs === undefined ? {} : { createdAtMs: metadata.createdAtMs }),
  rules: [
    {
      index: 0,
      matches: [{ path: { type: 'PathPrefix', value: '/' }, headers: [], queryParams: [] }],
      filters: [],
      backends: [],
      closed: { status: 503, reason: 'GRPCRoute is not implemented yet' },
    },
  ],
})
