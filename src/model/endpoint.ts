import type { BackendPolicy } from './backend/backend-policy.ts'
import type { SpiffeId } from './identity.ts'
import type { PortProtocol } from './port-protocol.ts'

/** `NAMESPACE/NAME:PORT` of a Service port's endpoints. Made only by `formatEndpointKey`. */
export type EndpointKey = string & { readonly __brand: 'EndpointKey' }

export const formatEndpointKey = (namespace: string, name: string, port: number): EndpointKey =>
  `${namespace}/${name}:${port}` as EndpointKey

/** The same of a port of one Pod. */
export const formatPodEndpointKey = (pod: string, port: number): EndpointKey => `Pod ${pod}:${port}` as EndpointKey

/** The endpoints behind one Service port. An empty `endpoints` is a known lack (503), not an unknown Service. */
export interface EndpointSet {
  readonly key: EndpointKey
  /** Those that are ready; where none is, those that still serve while they terminate. */
  readonly endpoints: readonly Endpoint[]
  /** What the Service port is declared to speak; absent, and never `unknown`, when it is not declared. */
  readonly protocol?: PortProtocol
  /** How the application itself is spoken to, inside the tunnel if there is one; absent: in plaintext. */
  readonly tls?: BackendTls
  /** Set when nothing may be sent there (a BackendTLSPolicy that cannot be carried out, say): 503 with this reason. */
  readonly closed?: string
  /** How endpoints are chosen, watched and spared; absent: as the data plane does it of its own accord. */
  readonly policy?: BackendPolicy
  /** Those that are known and get no requests, for people. */
  readonly aside?: readonly AsideEndpoint[]
}

/**
 * A place behind a Service port that is not used, and why: the conditions of its EndpointSlice, or a Pod that cannot be
 * read, or is not the one at the address, so that nobody knows how it wants to be reached.
 */
export interface AsideEndpoint {
  readonly address: string
  readonly port: number
  readonly reason: 'not-ready' | 'terminating' | 'pod-unreadable' | 'pod-unknown'
}

/** TLS towards a backend (BackendTLSPolicy.spec.validation). */
export interface BackendTls {
  /** Sent as SNI, and, without `subjectAltNames`, the name that the certificate must be for. */
  readonly hostname: string
  /** If there are any, one of them must be in the certificate, and `hostname` need not. */
  readonly subjectAltNames: readonly { readonly type: 'Hostname' | 'URI'; readonly value: string }[]
  /** Roots as PEM texts, or those that Node brings along. */
  readonly ca: 'System' | readonly string[]
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
  /** It is preferred: in this process' zone or on its node, where the Service asks for that (`spec.trafficDistribution`). */
  readonly isNear?: true
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

/** A Pod whose own addresses clients reach through this waypoint; whatever the port, it is sent to as it is. */
export interface BoundPod {
  /** `NAMESPACE/NAME` */
  readonly key: string
  /** IPs in canonical form; at least one. */
  readonly addresses: readonly string[]
  /** As of an `Endpoint`. */
  readonly transport: Endpoint['transport']
  readonly identity?: SpiffeId
  readonly workload: Workload
  /** Set when its traffic must be refused with 503; the reason is for people. */
  readonly closed?: string
  /** As of a `Service`. */
  readonly authentications?: readonly string[]
  /** As of a `Service`. */
  readonly authorizations?: readonly string[]
}
