/** Which kinds are read for `fairway doctor`, and of which group. */
import { kindApi, kindsOfGroup } from '../../../config/objects/kind-apis.ts'
import { MANAGED_BY, MANAGER } from '../../../controller/manifest.ts'
import { LEASE_NAME } from '../../../controller/roles/controller-roles.ts'

/** A kind of which objects are listed. */
export interface ReadKind {
  readonly kind: string
  readonly group: string
  /** `shared`: in all namespaces, whatever is asked about. `scoped`: in those that are asked about. */
  readonly place: 'shared' | 'scoped'
  /** Each is a list of its own; without any, all objects are. */
  readonly selections: readonly { readonly labels?: string; readonly fields?: string }[]
}

const shared = (group: string, kind: string, ...selections: ReadKind['selections']): ReadKind => ({
  kind,
  group,
  place: 'shared',
  selections: selections.length === 0 ? [{}] : selections,
})

const scoped = (group: string, kind: string, ...selections: ReadKind['selections']): ReadKind => ({
  ...shared(group, kind, ...selections),
  place: 'scoped',
})

const gatewayApi = 'gateway.networking.k8s.io'
const rbac = 'rbac.authorization.k8s.io'
const ours = { labels: `${MANAGED_BY}=${MANAGER}` }

/** All but Pods, ConfigMaps and definitions, of which only some are wanted, by what the others say. */
export const readKinds: readonly ReadKind[] = [
  shared('', 'Namespace'),
  shared(gatewayApi, 'GatewayClass'),
  shared(gatewayApi, 'Gateway'),
  shared('coordination.k8s.io', 'Lease', { fields: `metadata.name=${LEASE_NAME}` }),
  shared('apps', 'Deployment', { labels: 'app=istiod' }, ours),
  shared('apps', 'DaemonSet'),
  shared(rbac, 'ClusterRole'),
  shared(rbac, 'ClusterRoleBinding'),
  shared(rbac, 'Role'),
  shared(rbac, 'RoleBinding'),
  scoped('', 'Service'),
  scoped('autoscaling', 'HorizontalPodAutoscaler', ours),
  scoped('policy', 'PodDisruptionBudget', ours),
  scoped('networking.k8s.io', 'NetworkPolicy'),
  ...['HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute', 'ReferenceGrant', 'BackendTLSPolicy'].map((kind) =>
    scoped(gatewayApi, kind),
  ),
  scoped('gateway.networking.x-k8s.io', 'XBackendTrafficPolicy'),
  ...['ServiceEntry', 'VirtualService', 'DestinationRule', 'EnvoyFilter'].map((kind) =>
    scoped('networking.istio.io', kind),
  ),
  ...['AuthorizationPolicy', 'RequestAuthentication', 'PeerAuthentication'].map((kind) =>
    scoped('security.istio.io', kind),
  ),
  ...['WasmPlugin', 'TrafficExtension'].map((kind) => scoped('extensions.istio.io', kind)),
  scoped('telemetry.istio.io', 'Telemetry'),
  ...kindsOfGroup('fairway.dev').map((kind) => scoped('fairway.dev', kind)),
]

/** Groups of which it is asked what the server has. */
export const askedGroups: readonly string[] = [
  ...[gatewayApi, 'gateway.networking.x-k8s.io', 'fairway.dev', 'networking.istio.io', 'security.istio.io'],
  ...['telemetry.istio.io', 'extensions.istio.io', 'metrics.k8s.io'],
]

/** The version of a kind to read: the first that we know, else whatever the server names first. */
export const chooseVersion = (kind: string, served: readonly string[]): string | undefined => {
  const known: readonly string[] = kindApi(kind)?.versions ?? []
  return known.find((version) => served.includes(version)) ?? served[0]
}
