import type { ConnectionRoutes } from './connection-route.ts'
import type { FilterSpec } from './filter-spec.ts'
import type { PortProtocol } from './port-protocol.ts'

/** `NAMESPACE/NAME` of a Service. Made only by `formatServiceKey`. */
export type ServiceKey = string & { readonly __brand: 'ServiceKey' }

export const formatServiceKey = (namespace: string, name: string): ServiceKey => `${namespace}/${name}` as ServiceKey

/** A Service whose traffic passes through this waypoint, or a host of a ServiceEntry, whose name is the host. */
export interface Service {
  readonly key: ServiceKey
  readonly namespace: string
  readonly name: string
  /** `NAME.NAMESPACE.svc.CLUSTER_DOMAIN` */
  readonly hostname: string
  /** Set when another Service is called by the same name, and has what is sent there. */
  readonly isNamesake?: true
  /** Virtual addresses in canonical form, without brackets: `10.96.0.12`, `fd00::12`. Empty for a headless Service. */
  readonly addresses: readonly string[]
  readonly ports: readonly ServicePort[]
  /** The service-scoped half of the chain, already in stage order as written. */
  readonly filters: readonly FilterSpec[]
  /** Set when the Service's traffic must be refused with 503 (an unsupported security object targets it, say); the reason is for people. */
  readonly closed?: string
  /** Keys of the RequestAuthentications whose rules all apply, sorted; absent: none. */
  readonly authentications?: readonly string[]
  /** Keys of the AuthorizationPolicies that apply, sorted; absent: none. */
  readonly authorizations?: readonly string[]
  /** Key of the policy in the model's `telemetry` that says what is told of its exchanges; absent: there is none. */
  readonly telemetry?: string
}

export interface ServicePort {
  readonly port: number
  readonly name?: string
  readonly protocol: PortProtocol
  /**
   * Keys of the producer routes (same namespace as the Service) on this port; empty and no consumer route for the
   * client's namespace: traffic passes through to the Service's own endpoints (Gateway API GEP-1294).
   */
  readonly routes: readonly string[]
  /** Consumer routes by the client's namespace; they replace the producer set, and never merge with it. */
  readonly consumerRoutes: readonly ConsumerRoutes[]
  /** Of this port, after those of the Service; absent: none. */
  readonly filters?: readonly FilterSpec[]
  /** As that of the Service, for this port alone. */
  readonly closed?: string
  /** The producer routes when they act on connections (TCPRoute, TLSRoute): `routes` is empty then. */
  readonly connections?: ConnectionRoutes
}

/** The routes of one namespace for its own clients. */
export interface ConsumerRoutes {
  readonly namespace: string
  readonly routes: readonly string[]
  /** As in `ServicePort`. */
  readonly connections?: ConnectionRoutes
}
