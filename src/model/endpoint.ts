import type { SpiffeId } from './identity.ts'

/** `NAMESPACE/NAME:PORT` of a Service port's endpoints. Made only by `formatEndpointKey`. */
export type EndpointKey = string & { readonly __brand: 'EndpointKey' }

export const formatEndpointKey = (namespace: string, name: string, port: number): EndpointKey =>
  `${namespace}/${name}:${port}` as EndpointKey

/** The endpoints behind one Service port. An empty `endpoints` is a known lack (503), not an unknown Service. */
export interface EndpointSet {
  readonly key: EndpointKey
  readonly endpoints: readonly Endpoint[]
}

/** One place to send to: a pod's address and port with what is known of the workload. */
export interface Endpoint {
  /** IP in canonical form, without brackets. */
  readonly address: string
  readonly port: number
  /** `hbone`: mutual TLS to `address:15008`, CONNECT `address:port`; `plain`: TCP to `address:port`. */
  readonly transport: 'hbone' | 'plain'
  /** The exact identity an HBONE endpoint must present; `undefined` for `hbone` fails closed (503). */
  readonly identity?: SpiffeId
  readonly workload: Workload
}

/** Who runs at an endpoint, for metrics, logs and pool keys. Absent facts are `undefined`. */
export interface Workload {
  /** Changes when another pod takes over the address: the Pod's uid, else `NAMESPACE/POD-NAME`, else the address. */
  readonly uid: string
  /** Name of the owning workload (Deployment), else of the Pod. */
  readonly name?: string
  readonly namespace?: string
  readonly serviceAccount?: string
  readonly canonicalName?: string
  readonly canonicalRevision?: string
  readonly app?: string
  readonly version?: string
  readonly cluster?: string
}
