import type { Right, Role } from './right.ts'

const read = ['get', 'list', 'watch'] as const

/** What a waypoint reads of the cluster, in all namespaces: nothing secret, and nothing that it writes. */
const mesh: readonly Right[] = [
  { groups: [''], resources: ['namespaces', 'pods', 'services'], verbs: read },
  // Where Istio keeps its MeshConfig.
  { groups: [''], resources: ['configmaps'], verbs: read, names: ['istio'] },
  { groups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
  {
    groups: ['gateway.networking.k8s.io'],
    resources: [
      'backendtlspolicies',
      'gatewayclasses',
      'gateways',
      'grpcroutes',
      'httproutes',
      'referencegrants',
      'tcproutes',
      'tlsroutes',
    ],
    verbs: read,
  },
  { groups: ['gateway.networking.x-k8s.io'], resources: ['xbackendtrafficpolicies'], verbs: read },
  { groups: ['networking.istio.io'], resources: ['serviceentries'], verbs: read },
  { groups: ['security.istio.io'], resources: ['authorizationpolicies', 'requestauthentications'], verbs: read },
  { groups: ['fairway.dev'], resources: ['*'], verbs: read },
]

/** What it reads only where its policies stand, each by its name. */
const secrets: readonly Right[] = [{ groups: [''], resources: ['configmaps', 'secrets'], verbs: read }]

/** Given to each waypoint for the cluster. */
export const waypointRole: Role = { name: 'fairway-waypoint', rights: mesh }

/** Given to each waypoint for its own namespace, and for those whose Services it has. */
export const waypointSecretsRole: Role = { name: 'fairway-waypoint-secrets', rights: secrets }
