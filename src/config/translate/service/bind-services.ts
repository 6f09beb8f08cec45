import type { Condition } from '../../../model/condition.ts'
import type { ServiceObject, UnmetField } from '../../objects/service.ts'
import type { Catalog, Entry } from '../catalog.ts'
import type { ChosenGateway } from '../gateway/choose-gateway.ts'
import { CANARY, waypointsOf, type WaypointRole } from '../gateway/waypoint-labels.ts'
import { conditionOf } from '../conditions.ts'
import type { TranslateOptions } from '../options.ts'
import { matchLabels, namespaceLabels, takes } from './match-labels.ts'
import { distributionFor, lackOfPlace } from './near-places.ts'
import { nameSome } from '../../../lib/lists/name-some.ts'

/** Services that istiod would never send through a waypoint: its own waypoints. */
const managedWaypoints: ReadonlySet<string> = new Set(['istio.io-mesh-controller', 'istio.io-eastwest-controller'])

interface Bound {
  readonly services: ReadonlyMap<string, Entry<ServiceObject>>
  readonly conditions: readonly Condition[]
}

/**
 * Which Services send their traffic through the Gateway: label `istio.io/use-waypoint` on the Service, else on its
 * Namespace; `none` opts out. The Gateway has to take Services, and to allow their namespace.
 */
export const bindServices = (
  catalog: Catalog,
  gateway: ChosenGateway | undefined,
  options: Pick<TranslateOptions, 'zone' | 'node'>,
): Bound => {
  const services = new Map<string, Entry<ServiceObject>>()
  const conditions: Condition[] = []
  if (gateway === undefined) return { services, conditions }
  for (const [key, entry] of catalog.services) {
    const role = roleOf(gateway, entry.object, catalog)
    if (role === undefined || isWaypointItself(entry.object, gateway)) continue
    const refusal = refuse(entry.object, { gateway, catalog })
    if (refusal === undefined) services.set(key, entry)
    const lack = lackOfPlace(distributionFor(entry.object, catalog.namespaces), options)
    const lacks = [
      ...(lack === undefined ? [] : [lack]),
      ...(entry.object.unmet ?? []).map((field) => unmet[field]),
      ...(entry.object.metadata.labels['istio.io/global'] === 'true' ? [oneCluster] : []),
      ...lackOfWorkloads(entry.object, catalog),
    ]
    const but = lacks.length === 0 ? undefined : lacks.join('; ')
    conditions.push(conditionOf(entry, refusal ?? acceptedBy(gateway, { role, but })))
  }
  return { services, conditions }
}

/** What kube-proxy would do for a Service that is reached without a waypoint, and nobody does for one that has one. */
const unmet: Readonly<Record<UnmetField, string>> = {
  'sessionAffinity ClientIP':
    'sessionAffinity ClientIP has no effect: ConsistentHash by SourceAddress in a BackendPolicy keeps clients at an endpoint',
  'internalTrafficPolicy Local':
    'internalTrafficPolicy Local has no effect, since the client’s node is not known here: endpoints of all nodes are used; label istio.io/use-waypoint: none takes the Service out',
}

/** The label is that of Istio's ambient profile (`serviceScopeConfigs`), and what is read are EndpointSlices of one API server. */
const oneCluster =
  'label istio.io/global has no effect: requests go to endpoints of this cluster alone, whatever others have'

/** Istio's Services send to WorkloadEntries too, which no EndpointSlice has. */
const lackOfWorkloads = ({ metadata, selector }: ServiceObject, { workloadEntries }: Catalog): readonly string[] => {
  const taken = [...workloadEntries.values()].filter(
    (workload) => workload.metadata.namespace === metadata.namespace && takes(selector, workload.endpoint.labels),
  )
  if (taken.length === 0) return []
  const names = taken.map((workload) => workload.metadata.name)
  return [
    `nothing is sent to the WorkloadEntries that it selects (${nameSome(names, 3)}): only ServiceEntries send to those`,
  ]
}

/** What the Gateway is to a Service or ServiceEntry; `undefined` when that is not bound to it. */
export const roleOf = (
  { entry }: ChosenGateway,
  object: Pick<ServiceObject, 'metadata'>,
  catalog: Pick<Catalog, 'namespaces'>,
): WaypointRole | undefined => {
  const { namespace, name } = entry.object.metadata
  const index = waypointsOf(object, catalog).findIndex((ref) => ref.name === name && ref.namespace === namespace)
  return index < 0 ? undefined : index === 0 ? 'primary' : 'canary'
}

/** The Service in front of the waypoint's own pods: to send it through the waypoint would be a loop. */
const isWaypointItself = ({ metadata, selector }: ServiceObject, { entry }: ChosenGateway): boolean => {
  const { name, namespace } = entry.object.metadata
  const isOurs = metadata.namespace === namespace && selector['gateway.networking.k8s.io/gateway-name'] === name
  return isOurs || managedWaypoints.has(metadata.labels['gateway.istio.io/managed'] ?? '')
}

/** The verdict on what a Gateway takes; `but` is what becomes of it nonetheless. */
export const acceptedBy = (
  { entry }: ChosenGateway,
  { role = 'primary', but }: { readonly role?: WaypointRole; readonly but?: string | undefined } = {},
) => {
  const { namespace, name } = entry.object.metadata
  const share = role === 'canary' ? `, which has the share of it that ${CANARY}-weight says` : ''
  const message = `bound to Gateway ${namespace}/${name}${share}${but === undefined ? '' : `; ${but}`}`
  return { type: 'Accepted', status: 'True', reason: 'Accepted', message } as const
}

const refuse = (
  service: ServiceObject,
  { gateway, catalog }: { readonly gateway: ChosenGateway; readonly catalog: Catalog },
) => {
  const refused = (reason: string, message: string, path?: string) =>
    ({ type: 'Accepted', status: 'False', reason, message, ...(path === undefined ? {} : { path }) }) as const
  if (service.type === 'ExternalName') {
    return refused(
      'UnsupportedValue',
      'an ExternalName Service has no endpoints to send to: it is not bound',
      'spec.type',
    )
  }
  if (gateway.trafficType !== 'service' && gateway.trafficType !== 'all') {
    return refused('NotAllowedByListeners', `the Gateway takes ${gateway.trafficType} traffic (istio.io/waypoint-for)`)
  }
  if (!isNamespaceAllowed(service.metadata.namespace, gateway, catalog)) {
    return notAllowedNamespace('Service')
  }
  return undefined
}

/** The verdict on what stands in a namespace that may not use the Gateway. */
export const notAllowedNamespace = (kind: 'Service' | 'ServiceEntry' | 'Pod') => {
  const message = `the HBONE listener’s allowedRoutes does not allow the ${kind}’s namespace`
  return { type: 'Accepted', status: 'False', reason: 'NotAllowedByListeners', message } as const
}

/** Whether the listener lets a namespace use the Gateway. */
export const isNamespaceAllowed = (
  namespace: string,
  { entry, listener }: ChosenGateway,
  catalog: Catalog,
): boolean => {
  const { from, selector } = listener?.allowedRoutes.namespaces ?? { from: 'Same' }
  switch (from) {
    case 'All':
      return true
    case 'None':
      return false
    case 'Same':
      return namespace === entry.object.metadata.namespace
    case 'Selector':
      return selector !== undefined && matchLabels(selector, namespaceLabels(catalog, namespace))
  }
}
