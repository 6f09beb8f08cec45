import { waypointRoles } from './waypoint-roles.ts'
import type { Right, Role } from './right.ts'

const read = ['list', 'watch'] as const
/** By server-side apply, and to take away what is no longer wanted. */
const own = ['create', 'delete', 'get', 'list', 'patch', 'watch'] as const

/** What objects come to depends on these. */
const seen: readonly Right[] = [
  { groups: [''], resources: ['namespaces'], verbs: read },
  // By name: what Gateways and classes name as parameters, and policies as certificates.
  { groups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] },
  { groups: ['gateway.networking.k8s.io'], resources: ['referencegrants'], verbs: read },
  { groups: ['networking.istio.io'], resources: ['serviceentries'], verbs: read },
]

/** What it says something of: read again, changed and written with the version that it was read in. */
const told: readonly (readonly [string, readonly string[]])[] = [
  [
    'gateway.networking.k8s.io',
    ['backendtlspolicies', 'gatewayclasses', 'gateways', 'grpcroutes', 'httproutes', 'tcproutes', 'tlsroutes'],
  ],
  ['gateway.networking.x-k8s.io', ['xbackendtrafficpolicies', 'xmeshes']],
  ['security.istio.io', ['authorizationpolicies', 'requestauthentications']],
  ['telemetry.istio.io', ['telemetries']],
]

const statuses: readonly Right[] = [
  ...told.flatMap(([group, resources]): readonly Right[] => [
    { groups: [group], resources, verbs: ['get', 'list', 'watch'] },
    { groups: [group], resources: resources.map((resource) => `${resource}/status`), verbs: ['update'] },
  ]),
  { groups: ['fairway.dev'], resources: ['*'], verbs: ['get', 'list', 'watch'] },
  { groups: ['fairway.dev'], resources: ['*/status'], verbs: ['update'] },
]

/** What it makes of Gateways. */
const made: readonly Right[] = [
  { groups: [''], resources: ['serviceaccounts', 'services'], verbs: own },
  { groups: ['apps'], resources: ['deployments'], verbs: own },
  { groups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: own },
  { groups: ['policy'], resources: ['poddisruptionbudgets'], verbs: own },
  { groups: ['rbac.authorization.k8s.io'], resources: ['clusterrolebindings', 'rolebindings'], verbs: own },
  // To give a right takes having it, or this: the waypoints' roles and no other.
  {
    groups: ['rbac.authorization.k8s.io'],
    resources: ['clusterroles'],
    verbs: ['bind'],
    names: waypointRoles.map(({ name }) => name),
  },
  // Our class and our mesh, where they are missing.
  { groups: ['gateway.networking.k8s.io'], resources: ['gatewayclasses'], verbs: ['create'] },
  { groups: ['gateway.networking.x-k8s.io'], resources: ['xmeshes'], verbs: ['create'] },
]

/** Which version of Gateway API is installed stands on its definitions. */
const versions: readonly Right[] = [
  {
    groups: ['apiextensions.k8s.io'],
    resources: ['customresourcedefinitions'],
    verbs: ['get'],
    names: ['gatewayclasses.gateway.networking.k8s.io'],
  },
]

/** Given to the controller for the cluster. */
export const controllerRole: Role = {
  name: 'fairway-controller',
  rights: [...seen, ...statuses, ...made, ...versions],
}

/** The Lease by which one of several controllers leads. */
export const LEASE_NAME = 'fairway-controller'

/** Given to the controller for its own namespace. */
export const controllerLeaseRole: Role = {
  name: 'fairway-controller-leader',
  rights: [
    { groups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
    { groups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'update'], names: [LEASE_NAME] },
  ],
}
