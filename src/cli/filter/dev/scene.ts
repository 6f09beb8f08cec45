/** The objects that stand around the Filters that are tried: a waypoint, one Service, and the backend behind it. */
import type { HostPort } from '../../host-port.ts'
import type { DevToken } from './claims.ts'
import type { DevFilter } from './target.ts'

/** What clients of the scene call. */
export const sceneAuthority = '10.96.0.10:80'

/** A further Service, for filters that call one. */
export interface DevService {
  readonly name: string
  /** Default: that of the Filters. */
  readonly namespace: string | undefined
  readonly port: number
  readonly endpoint: HostPort
}

/** What the scene is told beside its Filters. */
export interface SceneOptions {
  readonly backend: HostPort
  readonly services: readonly DevService[]
  /** Whose tokens are good. */
  readonly issuer: Pick<DevToken, 'issuer' | 'jwks'> | undefined
  /** Budgets without end, for whoever stops in a debugger. */
  readonly isPatient: boolean
}

/** One document of objects, as `fairway run -f` reads it. The Filters keep their names, order and settings. */
export const createScene = (
  filters: readonly DevFilter[],
  { backend, services, issuer, isPatient }: SceneOptions,
): string => {
  const namespace = filters[0]?.namespace ?? 'default'
  const objects = [
    ...frame(namespace),
    ...serviceOf({ name: 'api', namespace, port: 80, endpoint: backend }, 0),
    ...grantsFor(namespace, services),
    ...services.flatMap((service, i) => serviceOf({ ...service, namespace: service.namespace ?? namespace }, i + 1)),
    ...(issuer === undefined ? [] : [authentication(namespace, issuer)]),
    ...filters.map(({ kind, name, spec }) => ({
      apiVersion: 'fairway.dev/v1alpha1',
      kind,
      metadata: { name, namespace },
      spec: {
        ...spec,
        ...(isPatient ? { budget: { hook: '24h', wait: '24h' } } : {}),
        ...(isPatient && kind === 'Filter' ? { isolation: 'None' } : {}),
        targetRefs: [targetOf(spec)],
      },
    })),
  ]
  return objects.map((object) => `---\n${JSON.stringify(object, null, 2)}\n`).join('')
}

/** A Service, or a rule: only there `exchange.match` has something to say. */
const targetOf = ({ targetRefs }: DevFilter['spec']): object => {
  const isOfRule = Array.isArray(targetRefs) && /Route"/.test(JSON.stringify(targetRefs))
  return isOfRule
    ? { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'api' }
    : { group: '', kind: 'Service', name: 'api' }
}

const authentication = (namespace: string, { issuer, jwks }: Pick<DevToken, 'issuer' | 'jwks'>): object => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'RequestAuthentication',
  metadata: { name: 'api', namespace },
  spec: { targetRefs: [{ group: '', kind: 'Service', name: 'api' }], jwtRules: [{ issuer, jwks }] },
})

const frame = (namespace: string): readonly object[] => [
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: { 'istio.io/use-waypoint': 'waypoint' } },
  },
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'waypoint', namespace },
    spec: { gatewayClassName: 'fairway-waypoint', listeners: [{ name: 'mesh', port: 15_008, protocol: 'HBONE' }] },
  },
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'api', namespace },
    spec: {
      parentRefs: [{ group: '', kind: 'Service', name: 'api', port: 80 }],
      rules: [{ name: 'all', backendRefs: [{ name: 'api', port: 80 }] }],
    },
  },
]

/** Whoever names a Service of another namespace there means it to be called. */
const grantsFor = (from: string, services: readonly DevService[]): readonly object[] =>
  [...new Set(services.flatMap(({ namespace = from }) => (namespace === from ? [] : [namespace])))].map(
    (namespace) => ({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'ReferenceGrant',
      metadata: { name: 'filters', namespace },
      spec: {
        from: [{ group: 'fairway.dev', kind: 'Filter', namespace: from }],
        to: [{ group: '', kind: 'Service' }],
      },
    }),
  )

/** A Service with one endpoint, in plaintext; `index` tells its address from those of others. */
const serviceOf = ({ name, namespace, port, endpoint }: DevService, index: number): readonly object[] => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { clusterIP: `10.96.0.${10 + index}`, ports: [{ name: 'http', port, targetPort: endpoint.port }] },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-1`, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: endpoint.host.includes(':') ? 'IPv6' : 'IPv4',
    ports: [{ name: 'http', port: endpoint.port }],
    endpoints: [{ addresses: [endpoint.host] }],
  },
]
