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
  /** What the port speaks; default `http`. */
  readonly appProtocol?: string
}

export interface EndpointSpec {
  readonly address: string
  /** Where the application listens. */
  readonly port: number
  /** Default: `hbone`. */
  readonly transport?: 'hbone' | 'plain'
  /** Default: the name of the Service. */
  readonly serviceAccount?: string
  /** Name of the Pod; default: the Service's with the endpoint's place. */
  readonly pod?: string
  /** Of the EndpointSlice; default: ready. */
  readonly conditions?: { readonly ready: boolean; readonly serving?: boolean; readonly terminating?: boolean }
}

/** A Service on port 80, its EndpointSlices and its Pods. */
export const service = ({
  name,
  vip,
  endpoints,
  isBound = true,
  appProtocol = 'http',
}: ServiceSpec): readonly object[] => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: NAMESPACE, labels: isBound ? { 'istio.io/use-waypoint': 'waypoint' } : {} },
    spec: {
      clusterIP: vip,
      clusterIPs: [vip],
      selector: { app: name },
      ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP', appProtocol }],
    },
  },
  ...endpoints.flatMap((endpoint, index) => {
    const podName = endpoint.pod ?? `${name}-${index}`
    return [slice(name, endpoint, podName), pod(name, endpoint, podName)]
  }),
]

const slice = (
  name: string,
  { address, port, conditions = { ready: true } }: EndpointSpec,
  podName: string,
): object => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: podName, namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port, protocol: 'TCP' }],
  endpoints: [
    {
      addresses: [address],
      conditions,
      targetRef: { kind: 'Pod', name: podName, namespace: NAMESPACE },
    },
  ],
})

const pod = (name: string, endpoint: EndpointSpec, podName: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: podName,
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

/** A BackendPolicy on a Service of `shop`. */
export const backendPolicy = (name: string, spec: object): object => ({
  apiVersion: 'fairway.dev/v1alpha1',
  kind: 'BackendPolicy',
  metadata: { name, namespace: NAMESPACE },
  spec: { targetRefs: [{ group: '', kind: 'Service', name }], ...spec },
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
