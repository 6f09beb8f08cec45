import { MANAGED_BY, MANAGER, type JsonObject, type Manifest } from '../manifest.ts'
import {
  waypointCertificatesRole,
  waypointRole,
  waypointSecretsRole,
  waypointServicesRole,
} from '../roles/waypoint-roles.ts'
import type { Role } from '../roles/right.ts'
import type { GatewayPlan } from './gateway-plan.ts'
import { metadataOf } from './metadata.ts'

/** On bindings outside of the Gateway's namespace, which cannot have it as their owner. */
export const GATEWAY_UID = 'fairway.dev/gateway-uid'

/** What lets the replicas read what they need, and no more: one binding for each role and place. */
export const accessOf = (plan: GatewayPlan): readonly Manifest[] => {
  const { namespace: own, reach } = plan
  const served = [...new Set([own, ...reach.namespaces])].toSorted()
  return [
    bindInCluster(plan, waypointRole),
    ...(reach.isWide
      ? [bindInCluster(plan, waypointServicesRole)]
      : served.map((namespace) => bindIn(namespace, plan, waypointServicesRole))),
    ...reach.certificates.map((namespace) => bindIn(namespace, plan, waypointCertificatesRole)),
    ...reach.secrets.map((namespace) => bindIn(namespace, plan, waypointSecretsRole)),
  ]
}

const bindInCluster = (plan: GatewayPlan, role: Role): Manifest => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: bindingName(plan, role), labels: labelsOf(plan) },
  ...bindingOf(plan, role),
})

const bindIn = (namespace: string, plan: GatewayPlan, role: Role): Manifest => {
  const name = bindingName(plan, role)
  const metadata =
    namespace === plan.namespace ? { ...metadataOf(plan), name } : { name, namespace, labels: labelsOf(plan) }
  return { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata, ...bindingOf(plan, role) }
}

/** Those of all Gateways stand beside each other; a colon can stand in no name of a Gateway or namespace. */
const bindingName = ({ namespace, objectName }: GatewayPlan, role: Role): string =>
  `${role.name}:${namespace}:${objectName}`

const labelsOf = ({ uid }: GatewayPlan): JsonObject => ({ [MANAGED_BY]: MANAGER, [GATEWAY_UID]: uid })

const bindingOf = ({ namespace, serviceAccount }: GatewayPlan, role: Role): JsonObject => ({
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role.name },
  subjects: [{ kind: 'ServiceAccount', name: serviceAccount, namespace }],
})
