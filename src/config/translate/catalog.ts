import type { AuthorizationPolicyObject } from '../objects/authorization-policy/authorization-policy.ts'
import type { BackendPolicyObject } from '../objects/backend-policy/backend-policy.ts'
import type { BackendTlsPolicyObject } from '../objects/backend-tls-policy.ts'
import type { ConfigMapObject } from '../objects/config-map.ts'
import type { EndpointSliceObject } from '../objects/endpoint-slice.ts'
import type { FilterObject } from '../objects/filter/filter-object.ts'
import type { GatewayClassObject } from '../objects/gateway-class.ts'
import type { GatewayObject } from '../objects/gateway.ts'
import type { GrpcRouteObject } from '../objects/grpc-route/grpc-route.ts'
import type { HttpRouteObject } from '../objects/http-route/http-route.ts'
import type { MirrorComparisonObject } from '../objects/mirror-comparison.ts'
import type { NamespaceObject } from '../objects/namespace.ts'
import type { PodObject } from '../objects/pod.ts'
import type { ReferenceGrantObject } from '../objects/reference-grant.ts'
import type { RequestAuthenticationObject } from '../objects/request-authentication/request-authentication.ts'
import type { SecretObject } from '../objects/secret.ts'
import type { ServiceEntryObject } from '../objects/service-entry/service-entry.ts'
import type { WorkloadEntryObject } from '../objects/service-entry/workload-entry.ts'
import type { ServiceObject } from '../objects/service.ts'
import type { TcpRouteObject } from '../objects/tcp-route/tcp-route.ts'
import type { TelemetryObject } from '../objects/telemetry/telemetry-object.ts'
import type { TlsRouteObject } from '../objects/tls-route/tls-route.ts'
import { canonicalIp } from '../../lib/ip.ts'
import type { SourcedObject } from './options.ts'

/** An object of one kind, with the means to say where a field of it stands. */
export interface Entry<T> {
  readonly object: T
  readonly source: Pick<SourcedObject, 'locate'>
}

type AnyObject = Extract<SourcedObject['read'], { readonly state: 'typed' }>['object']

/** The entry of an object that is read whenever somebody asks: to have the entry is not to have the object. */
export class SourceEntry<T extends AnyObject> implements Entry<T> {
  readonly source: SourcedObject

  constructor(source: SourcedObject) {
    this.source = source
  }

  get object(): T {
    const { read } = this.source
    if (read.state !== 'typed') throw new TypeError(`an entry of an object that is ${read.state}`)
    // `entryOf` was given this very object.
    return read.object as T
  }
}

/** The entry of an object of a source. */
export const entryOf = <T extends AnyObject>(object: T, source: SourcedObject): Entry<T> =>
  source.brief === undefined ? { object, source } : new SourceEntry<T>(source)

/** A route that acts on requests. */
export type RouteObject = HttpRouteObject | GrpcRouteObject

/** A route that acts on connections. */
export type ConnectionRouteObject = TcpRouteObject | TlsRouteObject

/** A route of any kind that can attach to a Service. */
export type AnyRoute = RouteObject | ConnectionRouteObject

/** All objects, found by what others call them. Keys are `NAMESPACE/NAME` unless said otherwise; every order is that of the keys. */
export interface Catalog {
  readonly gateways: ReadonlyMap<string, Entry<GatewayObject>>
  /** By name. */
  readonly gatewayClasses: ReadonlyMap<string, Entry<GatewayClassObject>>
  /** By name. */
  readonly namespaces: ReadonlyMap<string, Entry<NamespaceObject>>
  readonly services: ReadonlyMap<string, Entry<ServiceObject>>
  readonly serviceEntries: ReadonlyMap<string, Entry<ServiceEntryObject>>
  readonly workloadEntries: ReadonlyMap<string, WorkloadEntryObject>
  /** By the Service that the slice's label names. */
  readonly slices: ReadonlyMap<string, readonly Entry<EndpointSliceObject>[]>
  /** Slices that name no Service. */
  readonly orphanSlices: readonly Entry<EndpointSliceObject>[]
  readonly pods: ReadonlyMap<string, Entry<PodObject>>
  /** By canonical address of their own; of several Pods the first. */
  readonly podsByAddress: ReadonlyMap<string, PodObject>
  /** Pods that could not be read: nothing is known of who runs there. */
  readonly brokenPods: ReadonlySet<string>
  readonly routes: readonly Entry<RouteObject>[]
  readonly connectionRoutes: readonly Entry<ConnectionRouteObject>[]
  readonly authorizations: readonly Entry<AuthorizationPolicyObject>[]
  readonly authentications: readonly Entry<RequestAuthenticationObject>[]
  readonly backendPolicies: readonly Entry<BackendPolicyObject>[]
  readonly backendTlsPolicies: readonly Entry<BackendTlsPolicyObject>[]
  readonly comparisons: readonly Entry<MirrorComparisonObject>[]
  readonly telemetries: readonly Entry<TelemetryObject>[]
  readonly configMaps: ReadonlyMap<string, ConfigMapObject>
  readonly secrets: ReadonlyMap<string, SecretObject>
  /** By `KIND/NAMESPACE/NAME`, the kind as it is written. */
  readonly filters: ReadonlyMap<string, Entry<FilterObject>>
  /** Routes on Services need none; calls of filters do. */
  readonly referenceGrants: readonly ReferenceGrantObject[]
}

/** Sorts the objects into a catalog; their order in the set makes no difference. */
export const createCatalog = (objects: readonly SourcedObject[]): Catalog => {
  const catalog = emptyCatalog()
  const keyed: { readonly key: string; readonly source: SourcedObject }[] = []
  for (const source of objects) {
    const { ref } = source.read
    if (ref !== undefined) keyed.push({ key: `${ref.namespace}/${ref.name}`, source })
  }
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  for (const { key, source } of keyed) {
    const { read } = source
    if (read.state === 'typed') file(catalog, key, { object: read.object, source })
    else if (read.state === 'broken' && read.ref.kind === 'Pod') catalog.brokenPods.add(key)
  }
  return catalog
}

const emptyCatalog = () => ({
  gateways: new Map<string, Entry<GatewayObject>>(),
  gatewayClasses: new Map<string, Entry<GatewayClassObject>>(),
  namespaces: new Map<string, Entry<NamespaceObject>>(),
  services: new Map<string, Entry<ServiceObject>>(),
  serviceEntries: new Map<string, Entry<ServiceEntryObject>>(),
  workloadEntries: new Map<string, WorkloadEntryObject>(),
  slices: new Map<string, Entry<EndpointSliceObject>[]>(),
  orphanSlices: new Array<Entry<EndpointSliceObject>>(),
  pods: new Map<string, Entry<PodObject>>(),
  podsByAddress: new Map<string, PodObject>(),
  brokenPods: new Set<string>(),
  routes: new Array<Entry<RouteObject>>(),
  connectionRoutes: new Array<Entry<ConnectionRouteObject>>(),
  authorizations: new Array<Entry<AuthorizationPolicyObject>>(),
  authentications: new Array<Entry<RequestAuthenticationObject>>(),
  backendPolicies: new Array<Entry<BackendPolicyObject>>(),
  backendTlsPolicies: new Array<Entry<BackendTlsPolicyObject>>(),
  comparisons: new Array<Entry<MirrorComparisonObject>>(),
  telemetries: new Array<Entry<TelemetryObject>>(),
  configMaps: new Map<string, ConfigMapObject>(),
  secrets: new Map<string, SecretObject>(),
  filters: new Map<string, Entry<FilterObject>>(),
  referenceGrants: new Array<ReferenceGrantObject>(),
})

type Draft = ReturnType<typeof emptyCatalog>

const file = (
  catalog: Draft,
  key: string,
  { object, source }: Entry<AnyObject> & { readonly source: SourcedObject },
): void => {
  switch (object.kind) {
    case 'Gateway':
      return void catalog.gateways.set(key, { object, source })
    case 'GatewayClass':
      return void catalog.gatewayClasses.set(object.metadata.name, { object, source })
    case 'Namespace':
      return void catalog.namespaces.set(object.metadata.name, { object, source })
    case 'Service':
      return void catalog.services.set(key, { object, source })
    case 'EndpointSlice':
      return fileSlice(catalog, entryOf(object, source))
    case 'Pod':
      return filePod(catalog, key, { object, source })
    case 'GRPCRoute':
    case 'HTTPRoute':
      return void catalog.routes.push(entryOf<RouteObject>(object, source))
    case 'TCPRoute':
    case 'TLSRoute':
      return void catalog.connectionRoutes.push({ object, source })
    case 'AuthorizationPolicy':
      return void catalog.authorizations.push({ object, source })
    case 'RequestAuthentication':
      return void catalog.authentications.push({ object, source })
    case 'BackendPolicy':
    case 'XBackendTrafficPolicy':
      return void catalog.backendPolicies.push({ object, source })
    case 'BackendTLSPolicy':
      return void catalog.backendTlsPolicies.push({ object, source })
    case 'MirrorComparison':
      return void catalog.comparisons.push({ object, source })
    case 'Telemetry':
      return void catalog.telemetries.push({ object, source })
    case 'Secret':
      return void catalog.secrets.set(key, object)
    case 'ConfigMap':
      return void catalog.configMaps.set(key, object)
    case 'WorkloadEntry':
      return void catalog.workloadEntries.set(key, object)
    case 'ServiceEntry':
      return void catalog.serviceEntries.set(key, { object, source })
    case 'Filter':
      return void catalog.filters.set(`${object.as}/${key}`, { object, source })
    case 'ReferenceGrant':
      return void catalog.referenceGrants.push(object)
  }
}

const fileSlice = (catalog: Draft, slice: Entry<EndpointSliceObject>): void => {
  const { labels, namespace } = slice.object.metadata
  const service = labels['kubernetes.io/service-name']
  if (service === undefined) return void catalog.orphanSlices.push(slice)
  const key = `${namespace}/${service}`
  const slices = catalog.slices.get(key)
  if (slices === undefined) catalog.slices.set(key, [slice])
  else slices.push(slice)
}

const filePod = (catalog: Draft, key: string, entry: Entry<PodObject>): void => {
  const { object: pod } = entry
  catalog.pods.set(key, entry)
  for (const address of pod.isOnHostNetwork === true ? [] : pod.addresses) {
    const canonical = canonicalIp(address)
    if (canonical !== undefined && !catalog.podsByAddress.has(canonical)) catalog.podsByAddress.set(canonical, pod)
  }
}
