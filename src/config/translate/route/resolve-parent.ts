import type { ParentRef } from '../../objects/parent-ref.ts'
import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import type { Catalog, Entry } from '../catalog.ts'
import type { ChosenGateway } from '../gateway/choose-gateway.ts'
import type { Lookup } from '../memory.ts'
import { lackOf } from '../gateway/unmet-claims.ts'
import { waypointsOf, type WaypointRef } from '../gateway/waypoint-labels.ts'
import { isHeadless, tcpPortsOf } from '../service/service-facts.ts'

/** What a route's reference to a parent came to. */
export type ResolvedParent =
  | { readonly kind: 'attached'; readonly parts: readonly ParentPart[] }
  | { readonly kind: 'refused'; readonly reason: string; readonly message: string }
  /** Another Gateway's parent; `nowhere` says why when no Gateway that is there has it. */
  | { readonly kind: 'foreign'; readonly nowhere?: string }

/** Ports of a Service, or of one of the hosts of a ServiceEntry. */
export interface ParentPart {
  readonly service: Entry<ServiceObject>
  readonly ports: readonly ServicePortObject[]
}

export interface ParentScope {
  readonly catalog: Pick<Catalog, 'services' | 'namespaces' | 'gateways'> & {
    /** Hosts of ServiceEntries, by `NAMESPACE/HOST`. */
    readonly hosts: ReadonlyMap<string, Entry<ServiceObject>>
    /** Keys of the hosts of a ServiceEntry, by its `NAMESPACE/NAME`. */
    readonly hostsOf: Lookup<readonly string[]>
  }
  readonly bound: ReadonlyMap<string, Entry<ServiceObject>>
  readonly gateway: ChosenGateway | undefined
}

/**
 * Finds the ports that a parentRef means (GEP-1294): of a Service, or of all hosts of a ServiceEntry; only those bound to
 * this waypoint are parents here.
 */
export const resolveParent = (ref: ParentRef, routeNamespace: string, scope: ParentScope): ResolvedParent => {
  const namespace = ref.namespace ?? routeNamespace
  const key = `${namespace}/${ref.name}`
  switch (`${ref.group === 'core' ? '' : ref.group}/${ref.kind}`) {
    case 'gateway.networking.k8s.io/Gateway':
      return refuseGateway(ref.name, namespace, scope)
    case '/Service': {
      const service = scope.catalog.services.get(key)
      return resolveParts(ref, { what: `Service ${key}`, key, found: service === undefined ? [] : [service] }, scope)
    }
    case 'networking.istio.io/ServiceEntry': {
      const hosts = scope.catalog.hostsOf.get(key) ?? []
      const found = hosts.flatMap((host) => scope.catalog.hosts.get(host) ?? [])
      return resolveParts(ref, { what: `ServiceEntry ${key}`, key: hosts[0] ?? key, found }, scope)
    }
    default:
      return refused(
        'NoMatchingParent',
        ref.kind === 'Service'
          ? `there is no Service in group ${ref.group}, which is taken where none is given: write group: ''`
          : `a parent of kind ${ref.group}/${ref.kind} is not supported, only a Service or ServiceEntry is`,
      )
  }
}

/** What a reference names, for people, one of its keys and what was found of it. */
interface Named {
  readonly what: string
  readonly key: string
  readonly found: readonly Entry<ServiceObject>[]
}

const resolveParts = (ref: ParentRef, { what, key, found }: Named, scope: ParentScope): ResolvedParent => {
  const [first] = found
  if (first === undefined) return refused('NoMatchingParent', `there is no readable ${what} among the objects`)
  if (!scope.bound.has(key)) return unboundService(first.object, what, scope)
  if (isHeadless(first.object)) {
    return refused('UnsupportedValue', `${what} is headless: it has no frontend for a route to act on`)
  }
  const isMeant = (port: ServicePortObject): boolean =>
    (ref.port === undefined || port.port === ref.port) &&
    (ref.sectionName === undefined || port.name === ref.sectionName)
  const parts = found.map((service) => ({ service, ports: tcpPortsOf(service.object).filter(isMeant) }))
  if (parts.some(({ ports }) => ports.length > 0)) return { kind: 'attached', parts }
  const available = tcpPortsOf(first.object).map((port) =>
    port.name === undefined ? port.port : `${port.port} (${port.name})`,
  )
  return refused('NoMatchingParent', `${what} has no such port; it has ${available.join(', ') || 'none'}`)
}

/** Why a Service that is there is not served here; one of another waypoint is that waypoint's business. */
const unboundService = (service: ServiceObject, what: string, { catalog, gateway }: ParentScope): ResolvedParent => {
  const [wanted, canary] = waypointsOf(service, catalog)
  const nowhere = (why: string): ResolvedParent => ({
    kind: 'foreign',
    nowhere: `${what} ${why}`,
  })
  if (wanted === undefined) return nowhere('is bound to no waypoint (label istio.io/use-waypoint)')
  const ours = gateway?.entry.object.metadata
  const isOurs = (ref: WaypointRef): boolean => ours?.name === ref.name && ours.namespace === ref.namespace
  const key = `${wanted.namespace}/${wanted.name}`
  if (canary !== undefined && isOurs(canary)) {
    return nowhere(`asks for Gateway ${canary.namespace}/${canary.name} as its canary, which does not take it`)
  }
  const lack = lackOf(wanted, catalog.gateways)
  if (lack !== undefined) return nowhere(`is bound to Gateway ${key}, which ${lack.message}`)
  if (!isOurs(wanted)) return { kind: 'foreign' }
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
