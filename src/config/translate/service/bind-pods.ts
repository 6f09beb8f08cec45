import { canonicalIp } from '../../../lib/ip.ts'
import type { Condition } from '../../../model/condition.ts'
import type { BoundPod } from '../../../model/endpoint.ts'
import type { PodObject } from '../../objects/pod.ts'
import type { Catalog, Entry } from '../catalog.ts'
import type { ChosenGateway } from '../gateway/choose-gateway.ts'
import { conditionOf } from '../conditions.ts'
import type { TranslateOptions } from '../options.ts'
import { acceptedBy, isNamespaceAllowed, notAllowedNamespace } from './bind-services.ts'
import { waypointOf } from '../gateway/waypoint-labels.ts'
import { identityOf, takesHbone, workloadOf } from './workload.ts'

interface Bound {
  readonly pods: readonly BoundPod[]
  readonly conditions: readonly Condition[]
}

interface PodScope {
  readonly catalog: Catalog
  readonly gateway: ChosenGateway | undefined
  readonly translatePod: TranslatePod
  /** Why Pods of a namespace are closed, if they are. */
  readonly closedFor: (namespace: string) => string | undefined
  /** Which security policies Pods of a namespace are judged by. */
  readonly securityOf: (namespace: string) => Pick<BoundPod, 'authentications' | 'authorizations'>
}

/** What is sent to a Pod, and how; `undefined` for one without an address of its own. The same as long as the Pod is. */
export type TranslatePod = (pod: PodObject) => BoundPod | undefined

/** Makes the translation for one set of options, with a memory: there may be ten thousand Pods in each set. */
export const createPodTranslation = (options: TranslateOptions): TranslatePod => {
  const known = new WeakMap<PodObject, BoundPod>()
  return (pod) => {
    const bound = known.get(pod) ?? translatePod(pod, options)
    if (bound !== undefined) known.set(pod, bound)
    return bound
  }
}

/**
 * Which Pods are reached through the Gateway at their own addresses: the same labels as a Service's, on the Pod or its
 * Namespace, and a Gateway that takes workloads. Only a Pod that carries the label itself is told what came of it: with
 * the Namespace's all are meant, each of which would say the same.
 */
export const bindPods = ({ catalog, gateway, translatePod: translate, closedFor, securityOf }: PodScope): Bound => {
  const pods: BoundPod[] = []
  const conditions: Condition[] = []
  if (gateway === undefined) return { pods, conditions }
  const { name, namespace } = gateway.entry.object.metadata
  const known = new Map<string, Pick<BoundPod, 'closed' | 'authentications' | 'authorizations'>>()
  const policiesOf = (of: string): Pick<BoundPod, 'closed' | 'authentications' | 'authorizations'> => {
    const found = known.get(of)
    if (found !== undefined) return found
    const closed = closedFor(of)
    const policies = { ...(closed === undefined ? {} : { closed }), ...securityOf(of) }
    known.set(of, policies)
    return policies
  }
  for (const entry of catalog.pods.values()) {
    const wanted = waypointOf(entry.object, catalog)
    if (wanted?.name !== name || wanted.namespace !== namespace || isWaypoint(entry.object)) continue
    const refusal = refuse(entry, gateway, catalog)
    if (entry.object.metadata.labels['istio.io/use-waypoint'] !== undefined) {
      conditions.push(conditionOf(entry, refusal ?? acceptedBy(gateway)))
    }
    const pod = refusal === undefined ? translate(entry.object) : undefined
    if (pod === undefined) continue
    const policies = policiesOf(entry.object.metadata.namespace)
    pods.push(isEmpty(policies) ? pod : { ...pod, ...policies })
  }
  return { pods, conditions }
}

const isEmpty = (policies: object): boolean => Object.keys(policies).length === 0

/** A waypoint's or gateway's own Pod: to send it through the waypoint would be a loop. */
const isWaypoint = ({ metadata }: PodObject): boolean =>
  metadata.labels['gateway.networking.k8s.io/gateway-name'] !== undefined

const translatePod = (pod: PodObject, { trustDomain, clusterId }: TranslateOptions): BoundPod | undefined => {
  const { namespace, name } = pod.metadata
  const addresses = [...new Set(pod.addresses.flatMap((address) => canonicalIp(address) ?? []))]
  if (addresses.length === 0 || pod.isOnHostNetwork === true) return undefined
  const isHbone = takesHbone(pod)
  const identity = isHbone ? identityOf(pod, trustDomain) : undefined
  return {
    key: `${namespace}/${name}`,
    addresses,
    transport: isHbone ? 'hbone' : 'plain',
    ...(identity === undefined ? {} : { identity }),
    workload: workloadOf(pod, clusterId),
  }
}

const refuse = ({ object }: Entry<PodObject>, gateway: ChosenGateway, catalog: Catalog) => {
  const refused = { type: 'Accepted', status: 'False' } as const
  const { trafficType } = gateway
  if (trafficType !== 'workload' && trafficType !== 'all') {
    const message = `the Gateway takes ${trafficType === 'none' ? 'no' : trafficType} traffic (istio.io/waypoint-for), not that of workloads`
    return { ...refused, reason: 'NotAllowedByListeners', message }
  }
  if (object.isOnHostNetwork === true) {
    const message = 'the Pod has its node’s address (hostNetwork), which is not its own: it is not bound'
    return { ...refused, reason: 'UnsupportedValue', message, path: 'spec.hostNetwork' }
  }
  if (!isNamespaceAllowed(object.metadata.namespace, gateway, catalog)) return notAllowedNamespace('Pod')
  return undefined
}
