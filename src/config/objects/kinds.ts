import { objectFilters, type ObjectFilter } from '../../../filters/object-filters.ts'
import {
  decodeAuthorizationPolicy,
  type AuthorizationPolicyObject,
} from './authorization-policy/authorization-policy.ts'
import {
  decodeBackendPolicy,
  decodeBackendTrafficPolicy,
  type BackendPolicyObject,
} from './backend-policy/backend-policy.ts'
import { decodeBackendTlsPolicy, type BackendTlsPolicyObject } from './backend-tls-policy.ts'
import { decodeConfigMap, type ConfigMapObject } from './config-map.ts'
import { decodeEndpointSlice, type EndpointSliceObject } from './endpoint-slice.ts'
import { decodeApp } from './filter/app-object.ts'
import { createFilterDecoder } from './filter/built-in-filter.ts'
import { decodeFilter, type FilterObject } from './filter/filter-object.ts'
import { decodeGatewayClass, type GatewayClassObject } from './gateway-class.ts'
import { decodeGateway, type GatewayObject } from './gateway.ts'
import { decodeGrpcRoute, type GrpcRouteObject } from './grpc-route/grpc-route.ts'
import { decodeHttpRoute, type HttpRouteObject } from './http-route/http-route.ts'
import { kindApi, type KindApi, type kindApis } from './kind-apis.ts'
import type { KindDecoder } from './kind.ts'
import { decodeMirrorComparison, type MirrorComparisonObject } from './mirror-comparison.ts'
import { decodeNamespace, type NamespaceObject } from './namespace.ts'
import { decodePod, type PodObject } from './pod.ts'
import {
  decodeRequestAuthentication,
  type RequestAuthenticationObject,
} from './request-authentication/request-authentication.ts'
import { decodeReferenceGrant, type ReferenceGrantObject } from './reference-grant.ts'
import { decodeSecret, type SecretObject } from './secret.ts'
import { decodeServiceEntry, type ServiceEntryObject } from './service-entry/service-entry.ts'
import { decodeWorkloadEntry, type WorkloadEntryObject } from './service-entry/workload-entry.ts'
import { decodeService, type ServiceObject } from './service.ts'
import { decodeTelemetry, type TelemetryObject } from './telemetry/telemetry-object.ts'
import { decodeTcpRoute, type TcpRouteObject } from './tcp-route/tcp-route.ts'
import { decodeTlsRoute, type TlsRouteObject } from './tls-route/tls-route.ts'

/** Every object that can be read. */
export type KubeObject =
  | AuthorizationPolicyObject
  | BackendPolicyObject
  | BackendTlsPolicyObject
  | ConfigMapObject
  | EndpointSliceObject
  | FilterObject
  | GatewayClassObject
  | GatewayObject
  | GrpcRouteObject
  | HttpRouteObject
  | MirrorComparisonObject
  | NamespaceObject
  | PodObject
  | ReferenceGrantObject
  | RequestAuthenticationObject
  | SecretObject
  | ServiceEntryObject
  | WorkloadEntryObject
  | ServiceObject
  | TcpRouteObject
  | TelemetryObject
  | TlsRouteObject

/** A kind that this version knows by name. */
export interface KnownKind extends KindApi, KindReading {}

/** How objects of a kind are read. */
interface KindReading {
  readonly scope: 'cluster' | 'namespace'
  /**
   * `reject`: labels and annotations decide what the object means. `go-on`: it routes or guards by its `spec` alone,
   * and must not drop out of force because a label is wrong.
   */
  readonly onBadMetadata: 'reject' | 'go-on'
  /** `close`: to pass over an object of another version would let through what it may refuse. Default: it is passed over. */
  readonly onUnknownVersion?: 'close'
  /** `undefined`: known, but nothing is done with it yet. */
  readonly decode: KindDecoder<KubeObject> | undefined
}

const core = (decode: KindDecoder<KubeObject>): KindReading => ({
  scope: 'namespace',
  onBadMetadata: 'reject',
  decode,
})

const gatewayApi = (decode: KindDecoder<KubeObject>): KindReading => ({
  scope: 'namespace',
  onBadMetadata: 'reject',
  decode,
})

/** Routes and policies. */
const rules = (decode: KindDecoder<KubeObject>): KindReading => ({ ...gatewayApi(decode), onBadMetadata: 'go-on' })

const istio = (decode?: KindDecoder<KubeObject>): KindReading => ({
  scope: 'namespace',
  onBadMetadata: 'go-on',
  decode,
})

const guard = (decode: KindDecoder<KubeObject>): KindReading => ({ ...istio(decode), onUnknownVersion: 'close' })

const readings: Readonly<Record<keyof typeof kindApis, KindReading>> = {
  App: { ...rules(decodeApp), onUnknownVersion: 'close' },
  AuthorizationPolicy: guard(decodeAuthorizationPolicy),
  BackendPolicy: rules(decodeBackendPolicy),
  BackendTLSPolicy: rules(decodeBackendTlsPolicy),
  ConfigMap: core(decodeConfigMap),
  EndpointSlice: core(decodeEndpointSlice),
  Filter: { ...rules(decodeFilter), onUnknownVersion: 'close' },
  GRPCRoute: rules(decodeGrpcRoute),
  Gateway: gatewayApi(decodeGateway),
  GatewayClass: { ...gatewayApi(decodeGatewayClass), scope: 'cluster' },
  HTTPRoute: rules(decodeHttpRoute),
  MirrorComparison: rules(decodeMirrorComparison),
  Namespace: { ...core(decodeNamespace), scope: 'cluster' },
  PeerAuthentication: istio(),
  Pod: core(decodePod),
  ReferenceGrant: gatewayApi(decodeReferenceGrant),
  RequestAuthentication: guard(decodeRequestAuthentication),
  Secret: core(decodeSecret),
  Service: core(decodeService),
  ServiceEntry: { ...istio(decodeServiceEntry), onBadMetadata: 'reject' },
  TCPRoute: rules(decodeTcpRoute),
  TLSRoute: rules(decodeTlsRoute),
  Telemetry: istio(decodeTelemetry),
  WorkloadEntry: { ...istio(decodeWorkloadEntry), onBadMetadata: 'reject' },
  XBackendTrafficPolicy: rules(decodeBackendTrafficPolicy),
}

const readingOf = ({ definition }: ObjectFilter): readonly [string, KindReading] => [
  definition.kind,
  { ...rules(createFilterDecoder(definition)), onUnknownVersion: 'close' },
]

/** All kinds by name. */
export const knownKinds: ReadonlyMap<string, KnownKind> = new Map(
  [...Object.entries<KindReading>(readings), ...objectFilters.map(readingOf)].flatMap(
    ([kind, reading]): readonly (readonly [string, KnownKind])[] => {
      const api = kindApi(kind)
      return api === undefined ? [] : [[kind, { ...api, ...reading }]]
    },
  ),
)

/** Kinds that stand in the same files as ours and never concern a proxy: of Kubernetes itself, of its usual guests, and tests. */
export const isUnrelated = (group: string, kind: string): boolean =>
  unrelatedGroups.has(group) || (group === '' && unrelatedCoreKinds.has(kind)) || unrelatedKinds.has(`${group}/${kind}`)

const unrelatedGroups: ReadonlySet<string> = new Set([
  ...['apps', 'batch', 'policy', 'autoscaling', 'rbac.authorization.k8s.io', 'apiextensions.k8s.io', 'storage.k8s.io'],
  ...['admissionregistration.k8s.io', 'apiregistration.k8s.io', 'coordination.k8s.io', 'scheduling.k8s.io'],
  ...['cli.fairway.dev', 'keda.sh', 'monitoring.coreos.com', 'argoproj.io', 'flagger.app', 'cert-manager.io'],
])

const unrelatedCoreKinds: ReadonlySet<string> = new Set([
  ...['ServiceAccount', 'Endpoints', 'Event', 'Node', 'LimitRange', 'ResourceQuota', 'PersistentVolume'],
  ...['PersistentVolumeClaim', 'PodTemplate', 'ReplicationController'],
])

const unrelatedKinds: ReadonlySet<string> = new Set([
  ...['networking.k8s.io/NetworkPolicy', 'networking.k8s.io/Ingress', 'networking.k8s.io/IngressClass'],
  // What the controller tells the features of the mesh on.
  'gateway.networking.x-k8s.io/XMesh',
])
