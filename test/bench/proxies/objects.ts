import { ADDED_HEADER } from '../backend/responder.ts'
import { BACKEND_ACCOUNT } from '../support/certificates.ts'
import type { Upstreams } from './proxy.ts'

/** CONNECT authority of the benched Service. */
export const SERVICE_AUTHORITY = '10.96.0.10:80'

/** Host of the benched Service, and the path prefix that its one rule matches. */
export const SERVICE_HOST = 'api.bench.svc.cluster.local'
export const PATH_PREFIX = '/api'

/**
 * The Kubernetes objects of a case as JSON documents (which are YAML): one Gateway, one Service with as many endpoints
 * as there are upstreams, one HTTPRoute with a path prefix and one RequestHeaderModifier, and beside it the others that
 * were asked for.
 */
export const formatObjects = (upstreams: Upstreams): string =>
  [
    gateway,
    service,
    route('api', PATH_PREFIX),
    ...Array.from({ length: (upstreams.routes ?? 1) - 1 }, (_, i) => route(`other-${i}`, `${PATH_PREFIX}/${i}`)),
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

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'api', namespace, labels: { 'istio.io/use-waypoint': 'waypoint' } },
  spec: {
    clusterIP: '10.96.0.10',
    clusterIPs: ['10.96.0.10'],
    selector: { app: 'api' },
    ports: [{ name: 'http', port: 80, targetPort: 9080, protocol: 'TCP', appProtocol: 'http' }],
  },
}

const route = (name: string, prefix: string): object => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name, namespace },
  spec: {
    parentRefs: [{ group: '', kind: 'Service', name: 'api', port: 80 }],
    rules: [
      {
        matches: [{ path: { type: 'PathPrefix', value: prefix } }],
        filters: [
          { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: ADDED_HEADER, value: 'api' }] } },
        ],
        backendRefs: [{ name: 'api', port: 80 }],
      },
    ],
  },
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
