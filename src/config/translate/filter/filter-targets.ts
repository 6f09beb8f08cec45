import type { AnyRoute, Catalog, Entry } from '../catalog.ts'
import type { ChosenGateway } from '../gateway/choose-gateway.ts'
import type { FilterObject } from '../../objects/filter/filter-object.ts'
import type { ServiceObject } from '../../objects/service.ts'
import type { PolicyTargetRef } from '../../objects/target-refs.ts'
import { lackOf } from '../gateway/unmet-claims.ts'
import { waypointsOf, type WaypointRef } from '../gateway/waypoint-labels.ts'
import type { ClaimScope } from '../route/claim-parents.ts'
import { resolveParent } from '../route/resolve-parent.ts'
import { tcpPortsOf } from '../service/service-facts.ts'

/** What a Filter is to act on. Keys are those of the model. */
export type FilterTarget =
  | { readonly kind: 'gateway'; readonly name: string }
  | { readonly kind: 'service'; readonly name: string; readonly key: string; readonly port?: number }
  | { readonly kind: 'route'; readonly name: string; readonly key: string; readonly rule?: string }
  /** A Gateway that another waypoint is, or what is bound to one. */
  | { readonly kind: 'elsewhere'; readonly name: string }

/** A reference that leads nowhere. */
export interface TargetFault {
  readonly reason: 'Invalid' | 'TargetNotFound'
  readonly message: string
  readonly path: string
}

export interface TargetScope extends Pick<Catalog, 'services' | 'routes' | 'gateways' | 'namespaces'> {
  readonly gateway: ChosenGateway | undefined
  /** Services that this waypoint serves, by key. */
  readonly bound: { readonly has: (key: string) => boolean }
  /** Routes that act on requests here, by key. */
  readonly attached: { readonly has: (key: string) => boolean }
  /** What parents of routes are found by. */
  readonly parents: ClaimScope
}

const GATEWAY_API = 'gateway.networking.k8s.io'

/** Follows the references of a Filter, all within its namespace. */
export const findFilterTargets = (
  { metadata, targetRefs }: Pick<FilterObject, 'metadata' | 'targetRefs'>,
  scope: TargetScope,
): readonly (FilterTarget | TargetFault)[] => targetRefs.map((ref) => findTarget(ref, metadata.namespace, scope))

const findTarget = (ref: PolicyTargetRef, namespace: string, scope: TargetScope): FilterTarget | TargetFault => {
  const { group, kind, path } = ref
  const key = `${namespace}/${ref.name}`
  const missing = (message: string): TargetFault => ({ reason: 'TargetNotFound', message, path })
  switch (group === '' || group === 'core' ? kind : `${group}/${kind}`) {
    case `${GATEWAY_API}/Gateway`:
      return findGateway(ref, key, scope) ?? missing(`there is no readable Gateway ${key} with such a listener`)
    case 'Service': {
      const service = scope.services.get(key)
      if (service === undefined) return missing(`there is no readable Service ${key} among the objects`)
      const target = findPort(ref, key, service)
      if (target === undefined) return missing(`Service ${key} has no TCP port called ${ref.sectionName}`)
      if (scope.bound.has(key)) return target
      const found = findElsewhere(key, service.object, scope)
      return typeof found === 'string' ? missing(found) : found
    }
    case `${GATEWAY_API}/HTTPRoute`:
    case `${GATEWAY_API}/GRPCRoute`: {
      const route = scope.routes.find(({ object }) => object.kind === kind && keyOf(object) === key)
      if (route === undefined) return missing(`there is no readable ${kind} ${key} among the objects`)
      const target = findRule(ref, key, route.object)
      if (target === undefined) return missing(`${kind} ${key} has no rule called ${ref.sectionName}`)
      if (scope.attached.has(target.key)) return target
      if (isOfOthers(route.object, scope)) return { kind: 'elsewhere', name: target.name }
      return missing(`${kind} ${key} acts on nothing; what is said of the route says why`)
    }
  }
  const message = `a target of kind ${group === '' ? kind : `${group}/${kind}`} is not supported: a Filter acts on Gateway, HTTPRoute and GRPCRoute (group ${GATEWAY_API}) and on Service`
  return { reason: 'Invalid', message, path }
}

const findGateway = ({ sectionName }: PolicyTargetRef, key: string, scope: TargetScope): FilterTarget | undefined => {
  const { gateway, gateways } = scope
  const object = gateways.get(key)?.object
  const name = `Gateway ${key}`
  if (object === undefined) return undefined
  if (sectionName !== undefined && !object.listeners.some((listener) => listener.name === sectionName)) return undefined
  const isHeard = sectionName === undefined || gateway?.listener === undefined || gateway.listener.name === sectionName
  return { kind: isOurs(key, scope) && isHeard ? 'gateway' : 'elsewhere', name }
}

const findPort = (
  { sectionName }: PolicyTargetRef,
  key: string,
  { object }: Entry<ServiceObject>,
): FilterTarget | undefined => {
  if (sectionName === undefined) return { kind: 'service', name: `Service ${key}`, key }
  const port = tcpPortsOf(object).find(({ name }) => name === sectionName)?.port
  return port === undefined ? undefined : { kind: 'service', name: `Service ${key}:${port}`, key, port }
}

/** Of a Service that this waypoint does not serve: another one may, or else why nobody does. */
const findElsewhere = (key: string, service: ServiceObject, scope: TargetScope): FilterTarget | string => {
  const waypoints = waypointsOf(service, scope)
  const isOther = (waypoint: WaypointRef): boolean =>
    !isOurs(nameOf(waypoint), scope) && lackOf(waypoint, scope.gateways) === undefined
  if (waypoints.some(isOther)) return { kind: 'elsewhere', name: `Service ${key}` }
  const [asked] = waypoints
  if (asked === undefined) {
    return `Service ${key} is bound to no waypoint: neither it nor its Namespace has the label istio.io/use-waypoint`
  }
  const lack = lackOf(asked, scope.gateways)
  return lack === undefined
    ? `Service ${key} is not served by this waypoint; what is said of the Service says why`
    : `Service ${key} is bound to Gateway ${nameOf(asked)} (label istio.io/use-waypoint), which ${lack.message}`
}

/** Whether a route that has nothing here has, or may have, a parent at another waypoint. */
const isOfOthers = ({ parentRefs, metadata }: AnyRoute, { parents }: TargetScope): boolean =>
  parentRefs.some((ref) => {
    const parent = resolveParent(ref, metadata.namespace, parents)
    return parent.kind === 'foreign' && parent.nowhere === undefined
  })

const isOurs = (key: string, { gateway }: TargetScope): boolean =>
  gateway !== undefined && keyOf(gateway.entry.object) === key

const findRule = (
  { sectionName }: PolicyTargetRef,
  key: string,
  { kind, rules }: AnyRoute,
): Extract<FilterTarget, { readonly kind: 'route' }> | undefined => {
  const route = { kind: 'route', name: `${kind} ${key}`, key: `${kind}/${key}` } as const
  if (sectionName === undefined) return route
  if (!rules.some(({ name }) => name === sectionName)) return undefined
  return { ...route, name: `${kind} ${key}#${sectionName}`, rule: sectionName }
}

const keyOf = ({ metadata }: { readonly metadata: WaypointRef }): string => nameOf(metadata)

const nameOf = ({ namespace, name }: WaypointRef): string => `${namespace}/${name}`
