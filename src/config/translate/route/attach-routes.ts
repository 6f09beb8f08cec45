import type { Condition } from '../../../model/condition.ts'
import type { Route } from '../../../model/route.ts'
import type { HttpRouteObject } from '../../objects/http-route/http-route.ts'
import type { ServicePortObject } from '../../objects/service.ts'
import type { Entry } from '../catalog.ts'
import { conditionOf } from '../conditions.ts'
import { protocolOf } from '../service/port-protocol.ts'
import { formatParent } from './format-parent.ts'
import { resolveParent, type ParentScope } from './resolve-parent.ts'
import { attachedConditions } from './route-conditions.ts'
import type { BackendScope, BadRef } from './resolve-backend.ts'
import { translateRule } from './translate-rule.ts'

/** Which routes act on one Service port. */
export interface PortRoutes {
  readonly producers: Set<string>
  /** By the client's namespace. */
  readonly consumers: Map<string, Set<string>>
}

/** Routes by Service port; keys are `NAMESPACE/NAME:PORT`. */
export type Attachments = Map<string, PortRoutes>

export interface AttachScope extends ParentScope, Omit<BackendScope, 'onBadRef'> {
  readonly attachments: Attachments
}

/** The route when it is attached to a Service of ours, and in any case what is to be said about it. */
export const attachRoute = (
  entry: Entry<HttpRouteObject>,
  scope: AttachScope,
): { readonly route: Route | undefined; readonly conditions: readonly Condition[] } => {
  const { object } = entry
  const { namespace, name } = object.metadata
  const key = `HTTPRoute/${namespace}/${name}`
  const conditions: Condition[] = []
  const attachedParents: string[] = []
  for (const ref of object.parentRefs) {
    const parent = formatParent(ref, namespace)
    const resolved = resolveParent(ref, namespace, scope)
    if (resolved.kind === 'foreign') continue
    const ports = resolved.kind === 'attached' ? resolved.ports.filter(speaksHttp) : []
    if (resolved.kind === 'attached' && ports.length > 0) {
      attachedParents.push(parent)
      const service = resolved.service.object.metadata
      for (const port of ports) attachTo(scope.attachments, { service, port: port.port, namespace, route: key })
      continue
    }
    const refusal = resolved.kind === 'refused' ? resolved : notHttp
    const { reason, message } = refusal
    conditions.push(conditionOf(entry, { parent, type: 'Accepted', status: 'False', reason, message, path: ref.path }))
  }
  if (attachedParents.length === 0) return { route: undefined, conditions }
  const badRefs: BadRef[] = []
  const route = translateRoute(object, key, { ...scope, onBadRef: (bad) => void badRefs.push(bad) })
  for (const parent of new Set(attachedParents)) conditions.push(...attachedConditions(entry, parent, badRefs))
  return { route, conditions }
}

const notHttp = {
  reason: 'NoMatchingParent',
  message: 'the Service’s ports are declared as TCP or TLS (appProtocol or port name): HTTP is not looked for there',
}

const speaksHttp = (port: ServicePortObject): boolean => {
  const protocol = protocolOf(port)
  return protocol !== 'tcp' && protocol !== 'tls'
}

const translateRoute = (object: HttpRouteObject, key: string, scope: BackendScope): Route => {
  const { namespace, name, createdAtMs } = object.metadata
  return {
    key,
    kind: 'HTTPRoute',
    namespace,
    name,
    ...(createdAtMs === undefined ? {} : { createdAtMs }),
    rules: object.rules.map((rule, index) => translateRule(object, rule, { index, scope })),
  }
}

/**
 * Notes that a route acts on a port: for everybody when it stands in the Service's namespace (a producer route), else
 * for the clients of its own namespace (a consumer route; GEP-1294).
 */
export const attachTo = (
  attachments: Attachments,
  to: {
    readonly service: { readonly namespace: string; readonly name: string }
    readonly port: number
    readonly namespace: string
    readonly route: string
  },
): void => {
  const key = `${to.service.namespace}/${to.service.name}:${to.port}`
  const routes = attachments.get(key) ?? { producers: new Set<string>(), consumers: new Map<string, Set<string>>() }
  attachments.set(key, routes)
  if (to.namespace === to.service.namespace) return void routes.producers.add(to.route)
  const consumers = routes.consumers.get(to.namespace)
  if (consumers === undefined) routes.consumers.set(to.namespace, new Set([to.route]))
  else consumers.add(to.route)
}
