import type { Right, Role } from './right.ts'

const read = ['get', 'list', 'watch'] as const

/** What is not sensitive, and may stand anywhere: routes of clients, hosts outside, and what all waypoints have in common. */
const everywhere: readonly Right[] = [
  { groups: [''], resources: ['namespaces'], verbs: read },
  // Where Istio keeps its MeshConfig.
  { groups: [''], resources: ['configmaps'], verbs: read, names: ['istio'] },
  {
    groups: ['gateway.networking.k8s.io'],
    resources: ['gatewayclasses', 'gateways', 'grpcroutes', 'httproutes', 'referencegrants', 'tcproutes', 'tlsroutes'],
    verbs: read,
  },
  { groups: ['networking.istio.io'], resources: ['serviceentries', 'workloadentries'], verbs: read },
  { groups: ['security.istio.io'], resources: ['authorizationpolicies', 'requestauthentications'], verbs: read },
  { groups: ['telemetry.istio.io'], resources: ['telemetries'], verbs: read },
]

/** What requests go to, and what is decided about them on the way. */
const served: readonly Right[] = [
  { groups: [''], resources: ['pods', 'services'], verbs: read },
  { groups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
  { groups: ['gateway.networking.k8s.io'], resources: ['backendtlspolicies'], verbs: read },
  { groups: ['gateway.networking.x-k8s.io'], resources: ['xbackendtrafficpolicies'], verbs: read },
  { groups: ['fairway.dev'], resources: ['*'], verbs: read },
]

/** What policies refer to, each by its name. */
const referred = (resource: 'configmaps' | 'secrets'): readonly Right[] => [
  { groups: [''], resources: [resource], verbs: read },
]

/** Given to each waypoint for the cluster. */
export const waypointRole: Role = { name: 'fairway-waypoint', rights: everywhere }

/**
 * Given to each waypoint for its own namespace and those that its requests go to; for the cluster where its Gateway is for
 * Services of other namespaces.
 */
export const waypointServicesRole: Role = { name: 'fairway-waypoint-services', rights: served }

/** Given where certificates of backends stand in ConfigMaps (BackendTLSPolicy). */
export const waypointCertificatesRole: Role = {
  name: 'fairway-waypoint-certificates',
  rights: referred('configmaps'),
}

/**
 * Given where filters refer to Secrets. Whoever asks for it has to have a say there: by a Service that is bound to the
 * Gateway, or by a route, and never by sending requests there.
 */
export const waypointSecretsRole: Role = { name: 'fairway-waypoint-secrets', rights: referred('secrets') }

/** All that waypoints are given. */
export const waypointRoles: readonly Role[] = [
  waypointRole,
  waypointServicesRole,
  waypointCertificatesRole,
  waypointSecretsRole,
]
