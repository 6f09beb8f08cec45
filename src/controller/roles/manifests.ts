import type { JsonObject, Manifest } from '../manifest.ts'
import { controllerLeaseRole, controllerRole } from './controller-roles.ts'
import type { Right, Role } from './right.ts'
import { waypointRoles } from './waypoint-roles.ts'

/**
 * All roles as they are applied to a cluster. Waypoints are given theirs by the controller, as far as each needs; the
 * controller gets `fairway-controller` for the cluster, and `fairway-controller-leader` for its own namespace.
 */
export const roleManifests = (): readonly Manifest[] => [
  ...[...waypointRoles, controllerRole].map((role) => manifestOfRole('ClusterRole', role)),
  manifestOfRole('Role', controllerLeaseRole),
]

/** A role as it is applied; a `Role` still needs a namespace. */
export const manifestOfRole = (kind: 'ClusterRole' | 'Role', { name, rights }: Role): Manifest => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name, labels: { 'app.kubernetes.io/name': 'fairway' } },
  rules: rights.map(ruleOf),
})

const ruleOf = ({ groups, resources, verbs, names }: Right): JsonObject => ({
  apiGroups: groups,
  resources,
  verbs,
  ...(names === undefined ? {} : { resourceNames: names }),
})
