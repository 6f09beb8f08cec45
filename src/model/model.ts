/**
 * The intermediate representation: all that the data plane needs to know, and nothing of where it came from.
 * Plain readonly data that survives JSON (and `structuredClone`): no methods, no Maps, no Kubernetes field names.
 */
import type { BoundPod, EndpointSet } from './endpoint.ts'
import type { CallGrant, FilterModule, FilterSpec } from './filter-spec.ts'
import type { Route } from './route.ts'
import type { RequestAuthentication } from './security/authentication.ts'
import type { AuthorizationPolicy } from './security/authorization.ts'
import type { AuthorizationProvider } from './security/external-authorization.ts'
import type { Service } from './service.ts'
import type { ModelTelemetry } from './telemetry/telemetry-policy.ts'

/** How paths are normalised before anything looks at them (MeshConfig.pathNormalization). */
export type PathNormalization = 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES'

/** Which destinations this waypoint takes (label `istio.io/waypoint-for`). */
export type TrafficType = 'service' | 'workload' | 'all' | 'none'

export interface Model {
  /** The Gateway that this process is; `undefined` until one is configured: then nothing is bound and every CONNECT is refused. */
  readonly gateway: { readonly namespace: string; readonly name: string } | undefined
  readonly trafficType: TrafficType
  readonly pathNormalization: PathNormalization
  /** Whose identities are let in, ours first; absent: those that the process was started with. */
  readonly trustDomains?: readonly [string, ...string[]]
  /** Endpoints are told who the client is (annotation `ambient.istio.io/xfcc-include-client-identity`); absent: they are not. */
  readonly tellsClientIdentity?: true
  /** How often a request is sent again at most where its rule says nothing of that; absent: twice. */
  readonly defaultRepeats?: number
  /** Filters may call Services by name, and this is what full names end in; absent: no filter can call anybody. */
  readonly clusterDomain?: string
  /** Whom filters may call outside of their namespaces, sorted; absent: nobody. */
  readonly callGrants?: readonly CallGrant[]
  /** Services bound to this waypoint (frontends), sorted by key. Slow clock. */
  readonly services: readonly Service[]
  /** Every route attached to at least one of `services`, sorted by key. Slow clock. */
  readonly routes: readonly Route[]
  /** Endpoints of each Service port that is a frontend or a backend, or that filters may call, sorted by key. Fast clock. */
  readonly endpoints: readonly EndpointSet[]
  /** Pods bound to this waypoint, sorted by key; none unless the Gateway takes workload traffic. Fast clock. */
  readonly pods: readonly BoundPod[]
  /** What requests to Pods themselves pass; absent: nothing. Slow clock. */
  readonly podFilters?: readonly FilterSpec[]
  /** RequestAuthentications that any of `services` or `pods` is judged by, sorted by key. Slow clock. */
  readonly authentications: readonly RequestAuthentication[]
  /** AuthorizationPolicies, likewise. */
  readonly authorizations: readonly AuthorizationPolicy[]
  /** What is told of exchanges, and to whom; absent: as it is without any Telemetry object or provider. Slow clock. */
  readonly telemetry?: ModelTelemetry
  /** Whom CUSTOM policies may name, sorted by key; absent: nobody. */
  readonly providers?: readonly AuthorizationProvider[]
  /** The code of the users' filters among all `FilterSpec`s, sorted by digest; absent: there are none. Slow clock. */
  readonly filterModules?: readonly FilterModule[]
}

/** Refers to a Kubernetes object in messages: `HTTPRoute shop/api`. */
export interface ObjectRef {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}
