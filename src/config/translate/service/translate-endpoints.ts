import { formatEndpointKey, type AsideEndpoint, type Endpoint, type EndpointSet } from '../../../model/endpoint.ts'
import { canonicalIp } from '../../../lib/ip.ts'
import type { EndpointSliceObject } from '../../objects/endpoint-slice.ts'
import type { NamespaceObject } from '../../objects/namespace.ts'
import type { PodObject } from '../../objects/pod.ts'
import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import type { Catalog, Entry } from '../catalog.ts'
import { createMemory, type Hold, type Lookup, type Memory } from '../memory.ts'
import type { TranslateOptions } from '../options.ts'
import { collectPlaces, podKeyOf, type Place } from './endpoint-places.ts'
import { distributionFor, nearPlaces } from './near-places.ts'
import { protocolOf } from './port-protocol.ts'
import { identityOf, takesHbone, workloadOf } from './workload.ts'

/** What endpoints are looked up in. */
// A type and not an interface: only those have an index signature of their own accord.
export type EndpointLookups = {
  /** By `NAMESPACE/NAME` of their Service. */
  readonly slices: Lookup<readonly Pick<Entry<EndpointSliceObject>, 'object'>[]>
  /** By `NAMESPACE/NAME`; `unreadable` when it exists but nobody knows how it wants to be reached. */
  readonly pods: Lookup<PodObject | 'unreadable'>
  readonly podsByAddress: Lookup<PodObject>
  /** By name. */
  readonly namespaces: Lookup<Pick<Entry<NamespaceObject>, 'object'>>
}

/**
 * The places behind one Service port: ready endpoints of its EndpointSlices with what their Pods tell, by address; where
 * none is ready, those that still serve while they terminate, as kube-proxy has it. The very same as long as none of these
 * changes.
 */
export type TranslateEndpoints = (
  service: ServiceObject,
  port: ServicePortObject,
  lookups: EndpointLookups,
) => EndpointSet

/** Makes the translation for one set of options, with a memory. */
export const createEndpointsTranslation = (options: TranslateOptions, hold?: Hold<EndpointSet>): TranslateEndpoints => {
  // One for each port number: equal ports of several Services may be one object.
  const memories = new Map<number, Memory<EndpointSet, EndpointLookups>>()
  return (service, port, lookups) => {
    const remember = memories.get(port.port) ?? createMemory<EndpointSet, EndpointLookups>(hold)
    memories.set(port.port, remember)
    return remember(service, lookups, (seen) =>
      translateEndpoints(service, port, { lookups: lookupsOf(service, seen), options }),
    )
  }
}

/** Where a catalog has what endpoints are looked up in. */
export const endpointLookups = ({
  slices,
  pods,
  podsByAddress,
  brokenPods,
  namespaces,
}: Pick<Catalog, 'slices' | 'pods' | 'podsByAddress' | 'brokenPods' | 'namespaces'>): EndpointLookups => ({
  slices,
  pods: { get: (key) => (brokenPods.has(key) ? 'unreadable' : pods.get(key)?.object) },
  podsByAddress,
  namespaces,
})

/** Those of a ServiceEntry's host stand in the entry itself. */
const lookupsOf = ({ entry }: ServiceObject, lookups: EndpointLookups): EndpointLookups => {
  if (entry === undefined) return lookups
  const { slices, workloads, isExternal } = entry
  return {
    slices: { get: () => slices.map((object) => ({ object })) },
    pods: { get: (key) => workloads.get(key) ?? lookups.pods.get(key) },
    podsByAddress: isExternal ? { get: () => undefined } : lookups.podsByAddress,
    namespaces: lookups.namespaces,
  }
}

interface EndpointScope {
  readonly lookups: EndpointLookups
  readonly options: TranslateOptions
}

const translateEndpoints = (
  service: ServiceObject,
  port: ServicePortObject,
  { lookups, options }: EndpointScope,
): EndpointSet => {
  const { namespace, name } = service.metadata
  const slices = (lookups.slices.get(`${namespace}/${name}`) ?? []).map(({ object }) => object)
  const places = collectPlaces(slices, service, port, options)
  const ready = findEndpoints(places, 'ready', { lookups, options })
  const used = ready.size > 0 ? ready : findEndpoints(places, 'draining', { lookups, options })
  // When the last ones are terminating, any of them is welcome.
  const distribution = distributionFor(service, lookups.namespaces)
  const near = used === ready ? nearPlaces([...ready.keys()], distribution, options) : undefined
  const endpoints = [...used].map(([place, endpoint]) =>
    near?.has(place) === true ? { ...endpoint, isNear: true as const } : endpoint,
  )
  const aside = places.flatMap((place) => (used.has(place) ? [] : [asideOf(place, lookups)]))
  const protocol = protocolOf(port)
  return {
    key: formatEndpointKey(namespace, name, port.port),
    endpoints,
    ...(service.entry?.closed === undefined ? {} : { closed: service.entry.closed }),
    ...(protocol === 'unknown' ? {} : { protocol }),
    ...(aside.length === 0 ? {} : { aside }),
  }
}

/** The places in one condition that can be sent to. */
const findEndpoints = (
  places: readonly Place[],
  condition: Place['condition'],
  scope: EndpointScope,
): ReadonlyMap<Place, Endpoint> => {
  const endpoints = new Map<Place, Endpoint>()
  for (const place of places) {
    const endpoint = place.condition === condition ? findEndpoint(place, scope) : undefined
    if (endpoint !== undefined) endpoints.set(place, endpoint)
  }
  return endpoints
}

const findEndpoint = (place: Place, { lookups, options }: EndpointScope): Endpoint | undefined => {
  const { address, port } = place
  const pod = podOf(place, { lookups, options })
  if (pod === 'unreadable' || pod === 'unknown') return undefined
  if (pod === undefined) return { address, port, transport: 'plain', workload: { uid: address } }
  const isHbone = takesHbone(pod)
  const identity = isHbone ? identityOf(pod, options.trustDomain) : undefined
  return {
    address,
    port,
    transport: isHbone ? 'hbone' : 'plain',
    ...(identity === undefined ? {} : { identity }),
    workload: workloadOf(pod, options.clusterId),
  }
}

/**
 * Who runs at an endpoint; `undefined` for what is no Pod. `unknown` where the slice names a Pod that is gone or not there yet,
 * or has another address: sent to whoever has this one by now, or in plaintext as if nobody had, requests would get to
 * somebody whom they are not for. Istio waits for the Pod too.
 */
const podOf = (place: Place, { lookups, options }: EndpointScope): PodObject | 'unreadable' | 'unknown' | undefined => {
  const { address } = place
  const key = podKeyOf(place)
  const owner = lookups.podsByAddress.get(address)
  if (key === undefined) return owner
  const named = lookups.pods.get(key)
  if (named === 'unreadable') return named
  if (named === undefined) return owner === undefined && options.knowsPods !== true ? undefined : 'unknown'
  // What a ServiceEntry says of an endpoint names no address.
  const { addresses } = named
  const isElsewhere = addresses.length > 0 && !addresses.some((one) => canonicalIp(one) === address)
  return isElsewhere && owner !== undefined ? 'unknown' : named
}

const asideOf = (place: Place, { pods }: EndpointLookups): AsideEndpoint => {
  const { address, port, condition } = place
  if (condition !== 'ready') return { address, port, reason: condition === 'not-ready' ? condition : 'terminating' }
  const isUnreadable = pods.get(podKeyOf(place) ?? '') === 'unreadable'
  return { address, port, reason: isUnreadable ? 'pod-unreadable' : 'pod-unknown' }
}
