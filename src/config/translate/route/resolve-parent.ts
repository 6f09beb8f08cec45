import type { ParentRef } from '../../objects/parent-ref.ts'
import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import type { Catalog, Entry } from '../catalog.ts'
import type { ChosenGateway } from '../choose-gateway.ts'
import { waypointOf } from '../service/bind-services.ts'
import { isHeadless, tcpPortsOf } from '../service/service-facts.ts'

/** What a route's reference to a parent came to. */
export type ResolvedParent =
  | { readonly kind: 'attached'; readonly service: Entry<ServiceObject>; readonly ports: readonly ServicePortObject[] }
  | { readonly kind: 'refused'; readonly reason: string; readonly message: string }
  /** Another Gateway's parent; `nowhere` says why when no Gateway that is there has it. */
  | { readonly kind: 'foreign'; readonly nowhere?: string }

export interface ParentScope {
  readonly catalog: Pick<Catalog, 'services' | 'namespaces' | 'gateways'>
  readonly bound: ReadonlyMap<string, Entry<ServiceObject>>
  readonly gateway: ChosenGateway | undefined
}

/** Finds the Service ports that a parentRef means (GEP-1294); only Services bound to this waypoint are parents here. */
export const resolveParent = (ref: ParentRef, routeNamespace: string, scope: ParentScope): ResolvedParent => {
  const namespace = ref.namespace ?? routeNamespace
  if (ref.kind === 'Gateway' && ref.group === 'gateway.networking.k8s.io')
    return refuseGateway(ref.name, namespace, scope)
  if (ref.kind !== 'Service' || (ref.group !== '' && ref.group !== 'core')) {
    return refused('NoMatchingParent', `a parent of kind ${ref.group}/${ref.kind} is not supported, only a Service is`)
  }
  const key = `${namespace}/${ref.name}`
  const service = scope.catalog.services.get(key)
  if (service === undefined) return refused('NoMatchingParent', `there is no readable Service ${key} among the objects`)
  if (!scope.bound.has(key)) return unboundService(service.object, scope)
  if (isHeadless(service.object)) {
    return refused('UnsupportedValue', `Service ${key} is headless: it has no frontend for a route to act on`)
  }
  const ports = tcpPortsOf(service.object).filter(
    (port) =>
      (ref.port === undefined || port.port === ref.port) &&
      (ref.sectionName === undefined || port.name === ref.sectionName),
  )
  if (ports.length > 0) return { kind: 'attached', service, ports }
  const available = tcpPortsOf(service.object).map((port) =>
    port.name === undefined ? port.port : `${port.port} (${port.name})`,
  )
  return refused('NoMatchingParent', `Service ${key} has no such port; it has ${available.join(', ') || 'none'}`)
}

/** Why a Service that is there is not served here; one of another waypoint is that waypoint's business. */
const unboundService = (service: ServiceObject, { catalog, gateway }: ParentScope): ResolvedParent => {
  const { namespace, name } = service.metadata
  const wanted = waypointOf(service, catalog)
  const nowhere = (why: string): ResolvedParent => ({
    kind: 'foreign',
    nowhere: `Service ${namespace}/${name} ${why}`,
  })
  if (wanted === undefined) return nowhere('is bound to no waypoint (label istio.io/use-waypoint)')
  const key = `${wanted.namespace}/${wanted.name}`
  if (!catalog.gateways.has(key)) return nowhere(`is bound to Gateway ${key}, which is not among the readable objects`)
  const ours = gateway?.entry.object.metadata
  if (ours?.name !== wanted.name || ours.namespace !== wanted.namespace) return { kind: 'foreign' }
  return nowhere(`asks for Gateway ${key}, which does not take it`)
}

const refuseGateway = (name: string, namespace: string, { catalog, gateway }: ParentScope): ResolvedParent => {
  const ours = gateway?.entry.object.metadata
  if (ours?.name !== name || ours.namespace !== namespace) {
    const key = `${namespace}/${name}`
    if (catalog.gateways.has(key)) return { kind: 'foreign' }
    return { kind: 'foreign', nowhere: `Gateway ${key} is not among the readable objects` }
  }
  return refused('NotAllowedByListeners', 'a waypoint takes routes that attach to Services, not to its Gateway')
}

const refused = (reason: string, message: string): ResolvedParent => ({ kind: 'refused', reason, message })
