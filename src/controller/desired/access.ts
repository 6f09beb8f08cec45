import { MANAGED_BY, MANAGER, type JsonObject, type Manifest } from '../manifest.ts'
import { waypointRole, waypointSecretsRole } from '../roles/waypoint-roles.ts'
import type { GatewayPlan } from './gateway-plan.ts'
import { metadataOf } from './metadata.ts'

/** On bindings outside of the Gateway's namespace, which cannot have it as their owner. */
export const GATEWAY_UID = 'fairway.dev/gateway-uid'

/**
 * What lets the replicas read: the mesh everywhere, Secrets and ConfigMaps where their policies stand, which is their own
 * namespace and `namespaces`.
 */
export const accessOf = (plan: GatewayPlan, namespaces: readonly string[]): readonly Manifest[] => [
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: bindingName(plan), labels: labelsOf(plan) },
    roleRef: roleRef(waypointRole.name),
    subjects: [subjectOf(plan)],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { ...metadataOf(plan), name: bindingName(plan) },
    roleRef: roleRef(waypointSecretsRole.name),
    subjects: [subjectOf(plan)],
  },
  ...namespaces
    .filter((namespace) => namespace !== plan.namespace)
    .map((namespace): Manifest => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: bindingName(plan), namespace, labels: labelsOf(plan) },
      roleRef: roleRef(waypointSecretsRole.name),
      subjects: [subjectOf(plan)],
    })),
]

/** Of all Gateways in one place; a colon can stand in no name of a Gateway or namespace. */
const bindingName = ({ namespace, objectName }: GatewayPlan): string => `fairway-waypoint:${namespace}:${objectName}`

const labelsOf = ({ uid }: GatewayPlan): JsonObject => ({ [MANAGED_BY]: MANAGER, [GATEWAY_UID]: uid })

const roleRef = (name: string): JsonObject => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name })

const subjectOf = ({ namespace, serviceAccount }: GatewayPlan): JsonObject => ({
  kind: 'ServiceAccount',
  name: serviceAccount,
  namespace,
})
