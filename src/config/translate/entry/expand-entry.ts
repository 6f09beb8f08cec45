import { canonicalIp } from '../../../lib/ip.ts'
import type { EndpointSliceObject, SliceEndpoint } from '../../objects/endpoint-slice.ts'
import type { PodObject } from '../../objects/pod.ts'
import type { EntryVisibility } from '../../objects/mesh-config/entry-visibility.ts'
import type { EntryPort, ServiceEntryObject } from '../../objects/service-entry/service-entry.ts'
import type { WorkloadEntryObject } from '../../objects/service-entry/workload-entry.ts'
import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import type { Lookup } from '../memory.ts'
import { protocolOf, unknownProtocol } from '../service/port-protocol.ts'
import { exportWithin } from './entry-visibility.ts'
import { meaningOfLocal } from './local-address.ts'
import { asWritten, bareAt, endpointsOf, type WrittenEndpoint } from './written-endpoint.ts'

/** What a ServiceEntry is looked up in. */
// A type and not an interface: only those have an index signature of their own accord.
export type EntryLookups = {
  /** The Pods that its selector takes, by its `NAMESPACE/NAME`; `undefined` where no Pod of the namespace is known. */
  readonly pods: Lookup<readonly PodObject[]>
  /** The WorkloadEntries that it takes. */
  readonly workloads: Lookup<readonly WorkloadEntryObject[]>
  /** Pods by their addresses. */
  readonly podsByAddress: Lookup<PodObject>
  /** Addresses by host name; none when it has none, `undefined` as long as nobody has asked. */
  readonly names: Lookup<readonly string[]>
  /** How far the mesh lets entries of a namespace be seen. */
  readonly visibility: Lookup<EntryVisibility>
}

/** A ServiceEntry as so many Services, one for each host. */
export interface ExpandedEntry {
  readonly hosts: readonly ServiceObject[]
  /** The names whose addresses its endpoints are. */
  readonly names: readonly string[]
  /** What of it is not carried out, and why: for people. */
  readonly notes: readonly string[]
}

/** Makes Services of the hosts of a ServiceEntry, which stand in its namespace under the names of the hosts. */
export const expandEntry = (entry: ServiceEntryObject, lookups: EntryLookups): ExpandedEntry => {
  const { namespace } = entry.metadata
  const visibility = lookups.visibility.get(namespace) ?? 'PUBLIC'
  if (visibility === 'NONE') {
    const note = `nobody is to see ServiceEntries of namespace ${namespace} (serviceEntryVisibility of the MeshConfig is NONE)`
    return { hosts: [], names: [], notes: [note] }
  }
  const seen = exportWithin(entry.exportTo, namespace, visibility)
  return expandSeen(seen === entry.exportTo ? entry : { ...entry, exportTo: seen }, lookups)
}

const expandSeen = (entry: ServiceEntryObject, lookups: EntryLookups): ExpandedEntry => {
  const hosts = entry.hosts.filter((host) => !host.startsWith('*') && entry.resolution !== 'DYNAMIC_DNS')
  const expanded = hosts.map((host, index) => expandHost(entry, host, { index, lookups }))
  const unserved = entry.hosts.filter((host) => !hosts.includes(host))
  return {
    hosts: expanded.map(({ service }) => service),
    names: [...new Set(expanded.flatMap(({ names }) => names))],
    notes: [
      ...unserved.map((host) => `host ${host} is not served: only whole host names are, and no resolution DYNAMIC_DNS`),
      ...entry.addresses
        .filter((address) => canonicalIp(address) === undefined)
        .map((address) => `address ${address} is not served: only single addresses are`),
      ...entry.ports.flatMap(noteProtocol),
      ...noteStrategy(entry),
      ...(entry.addresses.length > 0 && hosts.length > 1
        ? [`spec.addresses are those of ${hosts[0]}: several hosts at one address cannot be told apart`]
        : []),
      ...new Set(expanded.flatMap(({ notes }) => notes)),
    ],
  }
}

/** Istio's waypoints race all addresses of a name for the first connection where this is asked for. */
const noteStrategy = ({ metadata: { annotations }, resolution }: ServiceEntryObject): readonly string[] => {
  const asked = annotations['istio.io/connect-strategy']?.toUpperCase() === 'RACE_FIRST_TCP_CONNECT'
  if (!asked || !resolution.startsWith('DNS')) return []
  return ['annotation istio.io/connect-strategy is not looked at: addresses are tried one after the other']
}

interface HostScope {
  /** Of the host among those that are served. */
  readonly index: number
  readonly lookups: EntryLookups
}

interface ExpandedHost {
  readonly service: ServiceObject
  readonly names: readonly string[]
  readonly notes: readonly string[]
}

const expandHost = (entry: ServiceEntryObject, host: string, { index, lookups }: HostScope): ExpandedHost => {
  const { metadata, isExternal, exportTo, distribution } = entry
  const { namespace, name } = metadata
  const wanted = addressesOf(entry, host, index === 0)
  // Whoever dials a Pod means it, and its policies are to be asked.
  const addresses = wanted.filter((address) => lookups.podsByAddress.get(address) === undefined)
  const { places, names, notes: ofPlaces, closed } = findPlaces(entry, { host, addresses, lookups })
  const taken = wanted.filter((address) => !addresses.includes(address))
  const notes = [...taken.map((address) => `address ${address} is not served: it is that of a Pod`), ...ofPlaces]
  const service: ServiceObject = {
    kind: 'Service',
    metadata: { ...metadata, name: host },
    type: 'ClusterIP',
    clusterIPs: addresses,
    selector: {},
    ports: entry.ports.map(portOf),
    ...(distribution === undefined ? {} : { distribution }),
    entry: {
      ref: { kind: 'ServiceEntry', namespace, name },
      host,
      slices: places.map((place) => sliceOf(entry, place)),
      workloads: new Map(places.flatMap(({ workload }) => (workload === undefined ? [] : [workload]))),
      isExternal,
      exportTo,
      ...(closed === undefined ? {} : { closed }),
    },
  }
  return { service, names, notes }
}

/** Its own, or else those that Istio has given it. */
const addressesOf = (
  { addresses, assigned }: ServiceEntryObject,
  host: string,
  isFirst: boolean,
): readonly string[] => {
  if (addresses.length > 0) return isFirst ? addresses.flatMap((address) => canonicalIp(address) ?? []) : []
  return assigned.flatMap(({ value, host: of }) =>
    of?.toLowerCase() === host || (of === undefined && isFirst) ? (canonicalIp(value) ?? []) : [],
  )
}

/** What the entry says of the protocol counts as `appProtocol` does. */
const portOf = ({ number, name, protocol, targetPort }: EntryPort): ServicePortObject => ({
  ...(name === '' ? {} : { name }),
  port: number,
  protocol: protocol.toUpperCase() === 'UDP' ? 'UDP' : 'TCP',
  ...(protocol === '' ? {} : { appProtocol: protocol.toLowerCase() }),
  ...(targetPort === undefined ? {} : { targetPort }),
})

/** An API server that asks Istio refuses what is no protocol. */
const noteProtocol = (port: EntryPort): readonly string[] => {
  const service = portOf(port)
  const unknown = unknownProtocol(service)
  if (unknown === undefined) return []
  const guess = unknown.nearest === undefined ? '' : ` (did you mean ${unknown.nearest.toUpperCase()}?)`
  const effect = protocolOf(service) === 'tcp' ? 'it is carried as bytes' : "clients' first bytes say what they speak"
  return [`port ${port.number} is of no protocol: ${port.protocol} is not known${guess}, and ${effect}`]
}

/** Endpoints with the same ports. */
interface Place {
  readonly addresses: readonly string[]
  readonly ports: Readonly<Record<string, number>>
  readonly zone?: string
  /** What its Pod says of itself; of others nothing is known. */
  readonly conditions?: SliceEndpoint['conditions']
  /** A Pod among the objects, or what the entry itself says of a workload. */
  readonly pod?: { readonly namespace: string; readonly name: string }
  readonly workload?: readonly [key: string, pod: PodObject]
}

interface Places {
  readonly places: readonly Place[]
  readonly names: readonly string[]
  readonly notes: readonly string[]
  readonly closed?: string
}

interface PlaceScope {
  readonly host: string
  readonly addresses: readonly string[]
  readonly lookups: EntryLookups
}

const findPlaces = (entry: ServiceEntryObject, { host, addresses, lookups }: PlaceScope): Places => {
  const { metadata, resolution, endpoints, selector } = entry
  const { namespace, name } = metadata
  if (selector !== undefined) return placesOf(entry, lookups)
  switch (resolution) {
    case 'NONE': {
      // As it was dialled: where there is but one address to be dialled, that is known here too.
      if (addresses.length === 1) {
        return joinPlaces(addresses.map((address) => placeOf(entry, { ...bareAt(entry), address }, canonical)))
      }
      const closed = `ServiceEntry ${namespace}/${name} has resolution NONE and not one address: where its connections were going is not known here`
      return { places: [], names: [], notes: [`${closed}: 503`], closed }
    }
    case 'STATIC':
      return joinPlaces(endpointsOf(entry).map((endpoint) => placeOf(entry, endpoint, canonical)))
    case 'DNS':
    case 'DNS_ROUND_ROBIN': {
      const resolve = createResolve(lookups.names, resolution)
      const all = endpoints.length > 0 ? endpointsOf(entry) : [{ ...bareAt(entry), address: host }]
      return joinPlaces(all.map((endpoint) => placeOf(entry, endpoint, resolve)))
    }
    case 'DYNAMIC_DNS':
      return { places: [], names: [], notes: [] }
  }
}

/** What its selector takes: Pods as they are, and WorkloadEntries as if they stood among its endpoints. */
const placesOf = (entry: ServiceEntryObject, lookups: EntryLookups): Places => {
  const { metadata, resolution } = entry
  const key = `${metadata.namespace}/${metadata.name}`
  const pods = lookups.pods.get(key)
  const workloads = lookups.workloads.get(key) ?? []
  const none = `spec.workloadSelector takes no Pod and no WorkloadEntry of namespace ${metadata.namespace}: 503`
  const isByName = resolution === 'DNS' || resolution === 'DNS_ROUND_ROBIN'
  const resolve = isByName ? createResolve(lookups.names, resolution) : canonical
  const ofPods = (pods ?? []).map((pod) => ({
    addresses: pod.addresses,
    ports: {},
    pod: refOf(pod),
    conditions: conditionsOf(pod),
  }))
  return joinPlaces([
    { places: ofPods, names: [], notes: pods?.length === 0 && workloads.length === 0 ? [none] : [] },
    ...workloads.map((workload) => placeOf(entry, asWritten(workload), resolve)),
  ])
}

/** As the EndpointSlices of a Service would have it: there is no controller that looks at the Pods of an entry. */
const conditionsOf = ({ isUnready, isTerminating }: PodObject): SliceEndpoint['conditions'] => ({
  ready: isUnready !== true && isTerminating !== true,
  serving: isUnready !== true,
  terminating: isTerminating === true,
})

const refOf = ({ metadata }: PodObject): { readonly namespace: string; readonly name: string } => ({
  namespace: metadata.namespace,
  name: metadata.name,
})

const joinPlaces = (found: readonly Places[]): Places => ({
  places: found.flatMap(({ places }) => places),
  names: found.flatMap(({ names }) => names),
  notes: found.flatMap(({ notes }) => notes),
})

/** Addresses of what is written as one. */
type Resolve = (written: string) => {
  readonly addresses: readonly string[]
  /** What had to be asked. */
  readonly name?: string
  /** Why there are none. */
  readonly why?: string
}

const canonical: Resolve = (written) => {
  const address = canonicalIp(written)
  if (address !== undefined) return { addresses: [address] }
  return { addresses: [], why: `"${written}" is no address, which resolution STATIC wants` }
}

const createResolve =
  (names: EntryLookups['names'], resolution: 'DNS' | 'DNS_ROUND_ROBIN'): Resolve =>
  (written) => {
    const address = canonicalIp(written)
    if (address !== undefined) return { addresses: [address] }
    const name = written.toLowerCase().replace(/\.$/, '')
    if (!/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/.test(name)) return { addresses: [], why: `"${written}" is no host name` }
    const found = names.get(name)
    if (found?.length === 0) return { addresses: [], name, why: `no address of ${name} could be found` }
    return { addresses: (resolution === 'DNS' ? found : found?.slice(0, 1)) ?? [], name }
  }

const placeOf = (entry: ServiceEntryObject, endpoint: WrittenEndpoint, resolve: Resolve): Places => {
  const { address, ports, locality, network, weight, at } = endpoint
  const { addresses: found, name, why } = resolve(address)
  const addresses = found.filter((one) => meaningOfLocal(one) === undefined)
  const zone = locality?.split('/')[1]
  const workload = workloadOf(entry, endpoint)
  const place: Place = {
    addresses,
    ports,
    ...(zone === undefined ? {} : { zone }),
    ...(workload === undefined ? {} : { workload, pod: refOf(workload[1]) }),
  }
  const notes = [
    ...(why === undefined ? [] : [`${at}: ${why}`]),
    ...found.flatMap((one) => {
      const meaning = meaningOfLocal(one)
      return meaning === undefined ? [] : [`${at}: nothing is sent to ${one}, which is ${meaning}`]
    }),
    ...(network === undefined || network === '' ? [] : [`${at}.network is not looked at: it is dialled directly`]),
    ...(weight === undefined || weight === 1 ? [] : [`${at}.weight is not looked at`]),
  ]
  return { places: addresses.length === 0 ? [] : [place], names: name === undefined ? [] : [name], notes }
}

/**
 * What the entry says of who runs there. Outside of the mesh nobody takes HBONE, even at the address of a Pod; inside it
 * is for the Pod at the address to say, unless the entry does (label `networking.istio.io/tunnel`).
 */
const workloadOf = (
  { metadata: { namespace }, isExternal }: ServiceEntryObject,
  { labels, serviceAccount = '', own, owner }: WrittenEndpoint,
): readonly [string, PodObject] | undefined => {
  if (!isExternal && labels['networking.istio.io/tunnel'] !== 'http') return undefined
  const { 'networking.istio.io/tunnel': _tunnel, ...others } = labels
  const pod: PodObject = {
    kind: 'Pod',
    metadata: { namespace, name: own, labels: isExternal ? others : labels, annotations: {}, owners: [owner] },
    serviceAccount: serviceAccount === '' ? 'default' : serviceAccount,
    addresses: [],
  }
  return [`${namespace}/${own}`, pod]
}

const sliceOf = ({ metadata, ports }: ServiceEntryObject, place: Place): EndpointSliceObject => {
  const { addresses, zone, pod, conditions = {} } = place
  const endpoint: SliceEndpoint = {
    addresses,
    conditions,
    ...(zone === undefined ? {} : { zone }),
    ...(pod === undefined ? {} : { targetRef: { kind: 'Pod', ...pod } }),
  }
  return {
    kind: 'EndpointSlice',
    metadata,
    // Its addresses are canonical, of whatever family.
    addressType: 'IPv4',
    endpoints: [endpoint],
    ports: ports.map(({ name, number, targetPort }) => ({
      name,
      port: (Object.hasOwn(place.ports, name) ? place.ports[name] : undefined) ?? targetPort ?? number,
      protocol: 'TCP' as const,
    })),
  }
}
