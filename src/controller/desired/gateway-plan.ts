import type { Json, JsonObject } from '../manifest.ts'
import { labelValueOf } from './names.ts'

/** A Gateway as far as its objects depend on it. */
export interface GatewayPlan {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly className: string
  /** What all of its objects are called. */
  readonly objectName: string
  readonly serviceAccount: string
  /** Of `spec.infrastructure`. */
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** `istio.io/rev` of the Gateway: which istiod is asked for certificates. */
  readonly revision: string | undefined
  readonly reach: GatewayReach
  readonly serviceType: 'ClusterIP' | 'LoadBalancer' | 'NodePort'
}

/** What of the cluster its replicas have to read. */
export interface GatewayReach {
  /** Whether Services of other namespaces may come. */
  readonly isWide: boolean
  /** Where what its requests go to stands, beside its own. */
  readonly namespaces: readonly string[]
  /** Where ConfigMaps with certificates of backends stand; sorted, as the others. */
  readonly certificates: readonly string[]
  /** Where Secrets that filters refer to stand. */
  readonly secrets: readonly string[]
}

/** What the controller was told of the cluster, and of how waypoints run there. */
export interface WaypointSettings {
  /** `example.org/fairway:1.2.3` */
  readonly image: string
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never'
  readonly clusterDomain: string
  /** Default: what the mesh says, else `cluster.local`. */
  readonly trustDomain: string | undefined
  readonly clusterId: string
  readonly istioNamespace: string
  /** `istiod.istio-system.svc:15012`; default: istiod of the Gateway's revision. */
  readonly caAddress: string | undefined
  /** Further flags of `fairway run`, those that are not ours to set: `--access-log=json`. */
  readonly flags: readonly string[]
}

/** The label by which Pods of a Gateway are found; istiod looks for it by the Gateway's own name. */
export const selectorOf = ({ name }: GatewayPlan): JsonObject => ({
  'gateway.networking.k8s.io/gateway-name': labelValueOf(name),
})

/** One that is left out where there is nothing to say. */
export const optional = (key: string, value: Json | undefined): JsonObject =>
  value === undefined ? {} : { [key]: value }
