import { objectFilters } from '../../../filters/object-filters.ts'

/** Where a kind stands in the Kubernetes API. */
export interface KindApi {
  /** Empty for Kubernetes' core. */
  readonly group: string
  /** Those that are read, the one to name first. */
  readonly versions: readonly [string, ...string[]]
}

const core: KindApi = { group: '', versions: ['v1'] }
const gatewayApi: KindApi = {
  group: 'gateway.networking.k8s.io',
  versions: ['v1', 'v1beta1', 'v1alpha3', 'v1alpha2'],
}
const istio = (api: 'networking' | 'security'): KindApi => ({
  group: `${api}.istio.io`,
  versions: ['v1', 'v1beta1', 'v1alpha3', 'v1alpha1'],
})

/** The API of every kind that is known; without their decoders, so that it can be asked where nothing is decoded. */
export const kindApis = {
  App: { group: 'fairway.dev', versions: ['v1alpha1'] },
  AuthorizationPolicy: istio('security'),
  BackendPolicy: { group: 'fairway.dev', versions: ['v1alpha1'] },
  BackendTLSPolicy: gatewayApi,
  ConfigMap: core,
  EndpointSlice: { group: 'discovery.k8s.io', versions: ['v1'] },
  Filter: { group: 'fairway.dev', versions: ['v1alpha1'] },
  GRPCRoute: gatewayApi,
  Gateway: gatewayApi,
  GatewayClass: gatewayApi,
  HTTPRoute: gatewayApi,
  MirrorComparison: { group: 'fairway.dev', versions: ['v1alpha1'] },
  Namespace: core,
  PeerAuthentication: istio('security'),
  Pod: core,
  ReferenceGrant: gatewayApi,
  RequestAuthentication: istio('security'),
  Secret: core,
  Service: core,
  ServiceEntry: istio('networking'),
  TCPRoute: gatewayApi,
  TLSRoute: gatewayApi,
  Telemetry: { group: 'telemetry.istio.io', versions: ['v1', 'v1alpha1'] },
  WorkloadEntry: istio('networking'),
  XBackendTrafficPolicy: { group: 'gateway.networking.x-k8s.io', versions: ['v1alpha1'] },
} as const satisfies Readonly<Record<string, KindApi>>

const byKind: ReadonlyMap<string, KindApi> = new Map([
  ...Object.entries<KindApi>(kindApis),
  ...objectFilters.map(({ definition }) => [definition.kind, kindApis.Filter] as const),
])

/** The API of a kind; `undefined` for one that nobody knows. */
export const kindApi = (kind: string): KindApi | undefined => byKind.get(kind)

/** All kinds of a group that are known. */
export const kindsOfGroup = (group: string): readonly string[] =>
  [...byKind].flatMap(([kind, api]) => (api.group === group ? [kind] : []))
