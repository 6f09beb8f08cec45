/** Kubernetes objects of the meshes in these tests, all in the namespace `shop`, as plain values. */

export const NAMESPACE = 'shop'
const gatewayApi = 'gateway.networking.k8s.io/v1'

/** Objects as a file: JSON is YAML. */
export const formatObjects = (objects: readonly object[]): string =>
  objects.map((object) => `---\n${JSON.stringify(object, null, 1)}\n`).join('')

export const gateway = {
  apiVersion: gatewayApi,
  kind: 'Gateway',
  metadata: { name: 'waypoint', namespace: NAMESPACE },
  spec: { gatewayClassName: 'fairway-waypoint', listeners: [{ name: 'mesh', port: 15_008, protocol: 'HBONE' }] },
}

export interface ServiceSpec {
  readonly name: string
  readonly vip: string
  /** Each is a pod of its own. */
  readonly endpoints: readonly EndpointSpec[]
  /** Whether the waypoint serves it; default true. */
  readonly isBound?: boolean
}

export interface EndpointSpec {
  readonly address: string
  /** Where the application listens. */
  readonly port: number
  /** Default: `hbone`. */
  readonly transport?: 'hbone' | 'plain'
  /** Default: the name of the Service. */
  readonly serviceAccount?: string
}

/** A Service on port 80, its EndpointSlices and its Pods. */
export const service = ({ name, vip, endpoints, isBound = true }: ServiceSpec): readonly object[] => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: NAMESPACE, labels: isBound ? { 'istio.io/use-waypoint': 'waypoint' } : {} },
    spec: {
      clusterIP: vip,
      clusterIPs: [vip],
      selector: { app: name },
      ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP', appProtocol: 'http' }],
    },
  },
  ...endpoints.flatMap((endpoint, index) => [slice(name, endpoint, index), pod(name, endpoint, index)]),
]

const slice = (name: string, { address, port }: EndpointSpec, index: number): object => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${name}-${index}`, namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port, protocol: 'TCP' }],
  endpoints: [
    {
      addresses: [address],
      conditions: { ready: true },
      targetRef: { kind: 'Pod', name: `${name}-${index}`, namespace: NAMESPACE },
    },
  ],
})

const pod = (name: string, endpoint: EndpointSpec, index: number): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `${name}-${index}`,
    namespace: NAMESPACE,
    labels: { app: name, version: 'v1' },
    annotations: endpoint.transport === 'plain' ? {} : { 'ambient.istio.io/redirection': 'enabled' },
  },
  spec: {
    serviceAccountName: endpoint.serviceAccount ?? name,
    containers: [{ name: 'app', image: 'app', ports: [{ name: 'http', containerPort: endpoint.port }] }],
  },
  status: { podIP: endpoint.address, podIPs: [{ ip: endpoint.address }], phase: 'Running' },
})

/** An HTTPRoute on a Service of `shop`; `rules` as in the Gateway API. */
export const httpRoute = (
  name: string,
  rules: readonly object[],
  options: { readonly parent?: string; readonly namespace?: string } = {},
): object => ({
  apiVersion: gatewayApi,
  kind: 'HTTPRoute',
  metadata: { name, namespace: options.namespace ?? NAMESPACE },
  spec: {
    parentRefs: [{ group: '', kind: 'Service', name: options.parent ?? name, namespace: NAMESPACE, port: 80 }],
    rules,
  },
})

/** A backendRef to a Service of `shop`. */
export const backend = (name: string, options: object = {}): object => ({
  name,
  namespace: NAMESPACE,
  port: 80,
  ...options,
})

/** A match of a path prefix. */
export const prefix = (value: string): object => ({ path: { type: 'PathPrefix', value } })
