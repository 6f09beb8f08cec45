import { canonicalIp } from '../../../lib/ip.ts'
import { formatEndpointKey, type Endpoint, type EndpointSet } from '../../../model/endpoint.ts'
import type { EndpointSliceObject, SliceEndpoint } from '../../objects/endpoint-slice.ts'
import type { PodObject } from '../../objects/pod.ts'
import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import type { Catalog, Entry } from '../catalog.ts'
import { createMemory, type Lookup, type Memory } from '../memory.ts'
import type { TranslateOptions } from '../options.ts'
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
}

/**
 * The places behind one Service port: ready endpoints of its EndpointSlices with what their Pods tell, by address. The
 * very same as long as none of these changes.
 */
export type TranslateEndpoints = (
  service: ServiceObject,
  port: ServicePortObject,
  lookups: EndpointLookups,
) => EndpointSet

/** Makes the translation for one set of options, with a memory. */
export const createEndpointsTranslation = (options: TranslateOptions): TranslateEndpoints => {
  // One for each port number: equal ports of several Services may be one object.
  const memories = new Map<number, Memory<EndpointSet, EndpointLookups>>()
  return (service, port, lookups) => {
    const remember = memories.get(port.port) ?? createMemory<EndpointSet, EndpointLookups>()
    memories.set(port.port, remember)
    return remember(service, lookups, (seen) => translateEndpoints(service, port, { lookups: seen, options }))
  }
}

/** Where a catalog has what endpoints are looked up in. */
export const endpointLookups = ({ slices, pods, podsByAddress, brokenPods }: Catalog): EndpointLookups => ({
  slices,
  pods: { get: (key) => (brokenPods.has(key) ? 'unreadable' : pods.get(key)?.object) },
  podsByAddress,
})

const translateEndpoints = (
  service: ServiceObject,
  port: ServicePortObject,
  { lookups, options }: { readonly lookups: EndpointLookups; readonly options: TranslateOptions },
): EndpointSet => {
  const { namespace, name } = service.metadata
  const found = new Map<string, Endpoint>()
  for (const { object: slice } of lookups.slices.get(`${namespace}/${name}`) ?? []) {
    const target = targetPort(port, { slice, service })
    if (target === undefined || slice.addressType === 'FQDN') continue
    for (const endpoint of slice.endpoints) {
      // An unknown readiness counts as ready; one that terminates is not ready unless the Service asked for such.
      if (endpoint.conditions.ready === false) continue
      const pod = podOf(endpoint, { slice, lookups })
      if (pod === 'unreadable') continue
      for (const address of endpoint.addresses) addEndpoint(found, { address, port: target, pod, lookups, options })
    }
  }
  const endpoints = [...found.values()].toSorted((a, b) => compare(a.address, b.address) || a.port - b.port)
  const protocol = protocolOf(port)
  const key = formatEndpointKey(namespace, name, port.port)
  return { key, endpoints, ...(protocol === 'unknown' ? {} : { protocol }) }
}

interface Place {
  readonly address: string
  readonly port: number
  readonly pod: PodObject | undefined
  readonly lookups: EndpointLookups
  readonly options: TranslateOptions
}

const addEndpoint = (found: Map<string, Endpoint>, place: Place): void => {
  const { port, lookups, options } = place
  const address = canonicalIp(place.address)
  if (address === undefined) return
  const pod = place.pod ?? lookups.podsByAddress.get(address)
  // The same endpoint may stand in two slices for a moment while the controller moves it.
  const key = `${address} ${port}`
  if (found.has(key)) return
  if (pod === undefined) {
    found.set(key, { address, port, transport: 'plain', workload: { uid: address } })
    return
  }
  const isHbone = takesHbone(pod)
  const identity = isHbone ? identityOf(pod, options.trustDomain) : undefined
  found.set(key, {
    address,
    port,
    transport: isHbone ? 'hbone' : 'plain',
    ...(identity === undefined ? {} : { identity }),
    workload: workloadOf(pod, options.clusterId),
  })
}

/** The Pod behind an endpoint, if it has one. */
const podOf = (
  { targetRef }: SliceEndpoint,
  { slice, lookups }: { readonly slice: EndpointSliceObject; readonly lookups: EndpointLookups },
): PodObject | 'unreadable' | undefined => {
  if (targetRef?.kind !== 'Pod' || targetRef.name === undefined) return undefined
  return lookups.pods.get(`${targetRef.namespace ?? slice.metadata.namespace}/${targetRef.name}`)
}

/**
 * The endpoints' port for a Service port: by name, as Kubernetes' controller writes it. Slices written by hand often
 * leave the name out: then by number, or because there is only one.
 */
const targetPort = (
  port: ServicePortObject,
  { slice, service }: { readonly slice: EndpointSliceObject; readonly service: ServiceObject },
): number | undefined => {
  const direct = typeof port.targetPort === 'number' ? port.targetPort : port.port
  // No ports at all means every port (EndpointSlice.ports).
  if (slice.ports.length === 0) return direct
  const tcp = slice.ports.filter((candidate) => candidate.protocol === 'TCP')
  const named = tcp.find((candidate) => (candidate.name ?? '') === (port.name ?? ''))
  if (named !== undefined) return named.port ?? direct
  const unnamed = tcp.filter((candidate) => (candidate.name ?? '') === '')
  const isOnly = tcp.length === 1 && service.ports.length === 1
  return (isOnly ? unnamed[0] : unnamed.find((candidate) => candidate.port === direct))?.port
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
