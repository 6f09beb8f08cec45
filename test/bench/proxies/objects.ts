import { ADDED_HEADER } from '../backend/responder.ts'
import { BACKEND_ACCOUNT } from '../support/certificates.ts'
import type { Upstreams } from './proxy.ts'
import { guardedServices, policiesOf } from './policies.ts'
import { GRPC_SERVICE, PATH_PREFIX } from './traffic.ts'
import type { Traffic } from './traffic.ts'

/** CONNECT authority of the benched Service. */
export const SERVICE_AUTHORITY = '10.96.0.10:80'

/** Host of the benched Service. */
export const SERVICE_HOST = 'api.bench.svc.cluster.local'

/**
 * The Kubernetes objects of a case as JSON documents (which are YAML): one Gateway, one Service with as many endpoints
 * as there are upstreams, one HTTPRoute with a path prefix and one RequestHeaderModifier, and beside it the others that
 * were asked for. gRPC has a GRPCRoute with one service instead, TCP no route. Policies come with the Services that they
 * are about.
 */
export const formatObjects = (upstreams: Upstreams): string =>
  [
    gateway,
    service('api', '10.96.0.10', upstreams.traffic ?? 'http'),
    ...guardedServices(upstreams.policies ?? 0)
      .slice(1)
      .map((name, i) => service(name, `10.96.1.${i + 1}`, 'http')),
    ...policiesOf(upstreams.policies ?? 0, upstreams.ruleKind),
    ...routesOf(upstreams),
    ...Array.from({ length: (upstreams.routes ?? 1) - 1 }, (_, i) => route(`other-${i}`, `${PATH_PREFIX}/${i}`)),
    ...appsOf(upstreams),
    ...cachesOf(upstreams),
    endpointSlice(upstreams),
    ...upstreams.addresses.map((ip, i) => pod(ip, i, upstreams)),
  ]
    .map((object) => JSON.stringify(object))
    .join('\n---\n')

const namespace = 'bench'

const gateway = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name: 'waypoint', namespace },
  spec: { gatewayClassName: 'fairway-waypoint', listeners: [{ name: 'mesh', port: 15008, protocol: 'HBONE' }] },
}

const appProtocols: Readonly<Record<Traffic, string>> = {
  http: 'http',
  bodies: 'http',
  websocket: 'kubernetes.io/ws',
  h2c: 'kubernetes.io/h2c',
  grpc: 'grpc',
  tcp: 'tcp',
}

const service = (name: string, ip: string, traffic: Traffic): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace, labels: { 'istio.io/use-waypoint': 'waypoint' } },
  spec: {
    clusterIP: ip,
    clusterIPs: [ip],
    selector: { app: name },
    ports: [{ name: 'http', port: 80, targetPort: 9080, protocol: 'TCP', appProtocol: appProtocols[traffic] }],
  },
})

const routesOf = ({ traffic = 'http', hasFiveFilters = false, cache }: Upstreams): readonly object[] => {
  if (traffic === 'tcp') return []
  if (traffic === 'grpc') return [grpcRoute]
  return [route('api', PATH_PREFIX, hasFiveFilters ? five : cache === 'keeps' ? lasting : undefined)]
}

/** Of the benched request. */
export const APP_PATH = `${PATH_PREFIX}/v1/items`

const targetRefs = [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'api' }]

const appsOf = ({ app }: Upstreams): readonly object[] => {
  if (app === undefined) return []
  const config = { path: app === 'answers' ? APP_PATH : `${APP_PATH}/others`, bodyBytes: 1024 }
  return [
    {
      apiVersion: 'fairway.dev/v1alpha1',
      kind: 'App',
      metadata: { name: 'app', namespace },
      spec: { module: 'answers.js', config, targetRefs },
    },
  ]
}

const cachesOf = ({ cache }: Upstreams): readonly object[] =>
  cache === undefined
    ? []
    : [
        {
          apiVersion: 'fairway.dev/v1alpha1',
          kind: 'ResponseCache',
          metadata: { name: 'cache', namespace },
          spec: { targetRefs },
        },
      ]

const parentRefs = [{ group: '', kind: 'Service', name: 'api', port: 80 }]
const filters = [
  { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: ADDED_HEADER, value: 'api' }] } },
]
const backendRefs: readonly object[] = [{ name: 'api', port: 80 }]

/** The backend says nothing of how long its answers last, and what is said on the rule comes behind a cache. */
const lasting = {
  filters,
  backendRefs: [
    {
      name: 'api',
      port: 80,
      filters: [
        {
          type: 'ResponseHeaderModifier',
          responseHeaderModifier: { set: [{ name: 'cache-control', value: 'max-age=3600' }] },
        },
      ],
    },
  ],
}

/** Each type once on the rule, as Gateway API has it, and one again on the backend. */
const five = {
  filters: [
    ...filters,
    { type: 'ResponseHeaderModifier', responseHeaderModifier: { set: [{ name: 'x-bench-version', value: 'v2' }] } },
    { type: 'URLRewrite', urlRewrite: { hostname: SERVICE_HOST } },
    { type: 'CORS', cors: { allowOrigins: ['https://www.example.com'] } },
  ],
  backendRefs: [
    {
      name: 'api',
      port: 80,
      filters: [
        { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-bench-backend', value: 'a' }] } },
      ],
    },
  ],
}

const grpcRoute = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GRPCRoute',
  metadata: { name: 'api', namespace },
  spec: { parentRefs, rules: [{ matches: [{ method: { service: GRPC_SERVICE } }], filters, backendRefs }] },
}

const route = (
  name: string,
  prefix: string,
  through: { readonly filters: readonly object[]; readonly backendRefs: readonly object[] } = { filters, backendRefs },
): object => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name, namespace },
  spec: { parentRefs, rules: [{ matches: [{ path: { type: 'PathPrefix', value: prefix } }], ...through }] },
})

const podName = (index: number): string => `api-${index}`

const endpointSlice = (upstreams: Upstreams): object => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'api-1', namespace, labels: { 'kubernetes.io/service-name': 'api' } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: upstreams.httpPort, protocol: 'TCP' }],
  endpoints: upstreams.addresses.map((ip, i) => ({
    addresses: [ip],
    conditions: { ready: true, serving: true, terminating: false },
    targetRef: { kind: 'Pod', name: podName(i), namespace },
  })),
})

const pod = (ip: string, index: number, upstreams: Upstreams): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: podName(index),
    namespace,
    labels: { app: 'api' },
    annotations: upstreams.isHbone ? { 'ambient.istio.io/redirection': 'enabled' } : {},
  },
  spec: { serviceAccountName: BACKEND_ACCOUNT, containers: [{ name: 'api', image: 'api' }] },
  status: { podIP: ip, podIPs: [{ ip }], phase: 'Running' },
})
