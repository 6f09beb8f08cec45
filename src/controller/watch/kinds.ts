import { kindApi, kindsOfGroup } from '../../config/objects/kind-apis.ts'
import type { KubeResource } from '../../kube/resources.ts'
import { MANAGED_BY, MANAGER } from '../manifest.ts'

/** A kind that is followed. */
export interface FollowedKind {
  readonly kind: string
  readonly group: string
  /** The first that the server has is taken. */
  readonly versions: readonly string[]
  /** `read`: what waypoints read as well; `own`: only objects of ours; `whole`: all that there is, as it comes. */
  readonly as: 'read' | 'own' | 'whole'
  /** Without it nothing can be done. Others may be missing, or forbidden. */
  readonly isRequired: boolean
}

const read = (kind: string, isRequired = false): FollowedKind => {
  const { group, versions } = kindApi(kind) ?? { group: '', versions: ['v1'] }
  return { kind, group, versions, as: 'read', isRequired }
}

const own = (group: string, version: string, kind: string): FollowedKind => ({
  kind,
  group,
  versions: [version],
  as: 'own',
  isRequired: true,
})

/** Kinds of objects that the controller makes; what others are labelled like ours is no business of it. */
export const madeKinds: ReadonlySet<string> = new Set([
  ...['ServiceAccount', 'Service', 'Deployment', 'HorizontalPodAutoscaler', 'PodDisruptionBudget'],
  ...['RoleBinding', 'ClusterRoleBinding'],
])

/** Every kind that statuses and objects depend on. */
export const followedKinds = (): readonly FollowedKind[] => [
  ...['GatewayClass', 'Gateway', 'Namespace', 'Service'].map((kind) => read(kind, true)),
  ...['HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute', 'ReferenceGrant', 'BackendTLSPolicy'].map((kind) => read(kind)),
  ...['XBackendTrafficPolicy', 'ServiceEntry', 'AuthorizationPolicy', 'RequestAuthentication', 'Telemetry'].map(
    (kind) => read(kind),
  ),
  ...kindsOfGroup('fairway.dev').map((kind) => read(kind)),
  {
    kind: 'XMesh',
    group: 'gateway.networking.x-k8s.io',
    versions: ['v1alpha1'],
    as: 'whole',
    isRequired: false,
  },
  own('', 'v1', 'ServiceAccount'),
  own('apps', 'v1', 'Deployment'),
  own('autoscaling', 'v2', 'HorizontalPodAutoscaler'),
  own('policy', 'v1', 'PodDisruptionBudget'),
  own('rbac.authorization.k8s.io', 'v1', 'RoleBinding'),
  own('rbac.authorization.k8s.io', 'v1', 'ClusterRoleBinding'),
]

/** Which objects of a kind are asked for. */
export const selectionOf = ({ as }: FollowedKind): { readonly labels?: string } =>
  as === 'own' ? { labels: `${MANAGED_BY}=${MANAGER}` } : {}

/** The version of a kind to take, of those that are served. */
export const chooseResource = (
  { kind, versions }: FollowedKind,
  served: readonly KubeResource[],
): KubeResource | undefined => {
  const found = served.filter((resource) => resource.kind === kind)
  return versions.flatMap((version) => found.filter((resource) => resource.version === version))[0]
}
