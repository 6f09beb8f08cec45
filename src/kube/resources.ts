/** Where objects of a kind stand in the Kubernetes API. */
export interface KubeResource {
  /** Empty for Kubernetes' core. */
  readonly group: string
  readonly version: string
  readonly kind: string
  /** As it stands in paths: `httproutes`. */
  readonly plural: string
  readonly isNamespaced: boolean
}

const at =
  (group: string, version: string, isNamespaced = true) =>
  <Kind extends string>(kind: Kind, plural: string): KubeResource & { readonly kind: Kind } => ({
    group,
    version,
    kind,
    plural,
    isNamespaced,
  })

const core = at('', 'v1')
const gatewayApi = at('gateway.networking.k8s.io', 'v1')
const rbac = at('rbac.authorization.k8s.io', 'v1')
const ours = at('fairway.dev', 'v1alpha1')

/**
 * Every kind of others that is read or written, and ours that are no filter; in the version to prefer. Which of them a
 * server has, and in which versions, `KubeClient.served` finds out.
 */
export const kubeResources = {
  App: ours('App', 'apps'),
  AuthorizationPolicy: at('security.istio.io', 'v1')('AuthorizationPolicy', 'authorizationpolicies'),
  BackendPolicy: ours('BackendPolicy', 'backendpolicies'),
  BackendTLSPolicy: gatewayApi('BackendTLSPolicy', 'backendtlspolicies'),
  ClusterRole: at('rbac.authorization.k8s.io', 'v1', false)('ClusterRole', 'clusterroles'),
  ClusterRoleBinding: at('rbac.authorization.k8s.io', 'v1', false)('ClusterRoleBinding', 'clusterrolebindings'),
  ConfigMap: core('ConfigMap', 'configmaps'),
  CustomResourceDefinition: at(
    'apiextensions.k8s.io',
    'v1',
    false,
  )('CustomResourceDefinition', 'customresourcedefinitions'),
  DaemonSet: at('apps', 'v1')('DaemonSet', 'daemonsets'),
  Deployment: at('apps', 'v1')('Deployment', 'deployments'),
  EndpointSlice: at('discovery.k8s.io', 'v1')('EndpointSlice', 'endpointslices'),
  Event: at('events.k8s.io', 'v1')('Event', 'events'),
  Filter: ours('Filter', 'filters'),
  GRPCRoute: gatewayApi('GRPCRoute', 'grpcroutes'),
  Gateway: gatewayApi('Gateway', 'gateways'),
  GatewayClass: at('gateway.networking.k8s.io', 'v1', false)('GatewayClass', 'gatewayclasses'),
  HTTPRoute: gatewayApi('HTTPRoute', 'httproutes'),
  HorizontalPodAutoscaler: at('autoscaling', 'v2')('HorizontalPodAutoscaler', 'horizontalpodautoscalers'),
  Lease: at('coordination.k8s.io', 'v1')('Lease', 'leases'),
  MirrorComparison: ours('MirrorComparison', 'mirrorcomparisons'),
  Namespace: at('', 'v1', false)('Namespace', 'namespaces'),
  NetworkPolicy: at('networking.k8s.io', 'v1')('NetworkPolicy', 'networkpolicies'),
  Pod: core('Pod', 'pods'),
  PodDisruptionBudget: at('policy', 'v1')('PodDisruptionBudget', 'poddisruptionbudgets'),
  ReferenceGrant: gatewayApi('ReferenceGrant', 'referencegrants'),
  RequestAuthentication: at('security.istio.io', 'v1')('RequestAuthentication', 'requestauthentications'),
  Role: rbac('Role', 'roles'),
  RoleBinding: rbac('RoleBinding', 'rolebindings'),
  Secret: core('Secret', 'secrets'),
  SelfSubjectAccessReview: at(
    'authorization.k8s.io',
    'v1',
    false,
  )('SelfSubjectAccessReview', 'selfsubjectaccessreviews'),
  Service: core('Service', 'services'),
  ServiceAccount: core('ServiceAccount', 'serviceaccounts'),
  ServiceEntry: at('networking.istio.io', 'v1')('ServiceEntry', 'serviceentries'),
  TCPRoute: gatewayApi('TCPRoute', 'tcproutes'),
  TLSRoute: gatewayApi('TLSRoute', 'tlsroutes'),
  Telemetry: at('telemetry.istio.io', 'v1')('Telemetry', 'telemetries'),
  WorkloadEntry: at('networking.istio.io', 'v1')('WorkloadEntry', 'workloadentries'),
  XBackendTrafficPolicy: at('gateway.networking.x-k8s.io', 'v1alpha1')(
    'XBackendTrafficPolicy',
    'xbackendtrafficpolicies',
  ),
  XMesh: at('gateway.networking.x-k8s.io', 'v1alpha1', false)('XMesh', 'xmeshes'),
} as const satisfies Readonly<Record<string, KubeResource>>

/** `/api/v1`, `/apis/GROUP/VERSION` */
export const groupPath = ({ group, version }: Pick<KubeResource, 'group' | 'version'>): string =>
  group === '' ? `/api/${version}` : `/apis/${group}/${version}`

/** What an object of it says it is: `v1`, `GROUP/VERSION`. */
export const apiVersionOf = ({ group, version }: Pick<KubeResource, 'group' | 'version'>): string =>
  group === '' ? version : `${group}/${version}`

/** Which objects a path means. */
export interface PathPlace {
  /** Not given: of all namespaces, or of none. */
  readonly namespace?: string | undefined
  /** Not given: all of them. */
  readonly name?: string | undefined
  readonly subresource?: 'status' | undefined
}

/** The path of objects of a kind. */
export const resourcePath = (resource: KubeResource, { namespace, name, subresource }: PathPlace): string => {
  const inside = resource.isNamespaced && namespace !== undefined ? ['namespaces', namespace] : []
  const parts = [...inside, resource.plural, name, subresource].filter((part) => part !== undefined)
  return [groupPath(resource), ...parts.map(encodeURIComponent)].join('/')
}

/**
 * Whether there can be a ConfigMap, Secret or anything else of that name (RFC 1123 subdomain). Of other texts a selector
 * would be something else, and what waits for the answer to it would wait for ever.
 */
export const canBeName = (name: string): boolean => /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/.test(name)
