import type { Condition } from '../../model/condition.ts'
import type { SecurityPolicyObject, TargetRef } from '../objects/security-policy.ts'
import type { ServiceObject } from '../objects/service.ts'
import type { Catalog, Entry } from './catalog.ts'
import type { ChosenGateway } from './choose-gateway.ts'
import { conditionOf } from './conditions.ts'

interface PolicyScope {
  readonly catalog: Catalog
  readonly bound: ReadonlyMap<string, Entry<ServiceObject>>
  readonly gateway: ChosenGateway | undefined
  readonly rootNamespace: string
}

interface ClosedByPolicy {
  /** Reasons by Service key. */
  readonly closed: ReadonlyMap<string, string>
  /** The reason why the Pods of a namespace are closed, if they are. */
  readonly closedPods: (namespace: string) => string | undefined
  readonly conditions: readonly Condition[]
}

/**
 * What a security policy closes as long as its kind is not implemented: never ignored, since to let through what it might
 * have denied would be worse than to refuse. Pods are closed by what targets the Gateway or their whole namespace.
 */
export const closeForPolicy = (entry: Entry<SecurityPolicyObject>, scope: PolicyScope): ClosedByPolicy => {
  const { kind, metadata, target } = entry.object
  const condition = (reason: string, message: string): readonly Condition[] => [
    conditionOf(entry, { type: 'Accepted', status: 'False', reason, message, path: 'spec' }),
  ]
  if (target.kind === 'selector') {
    const message =
      'a policy with a workload selector is enforced by the ztunnel of the destination; a waypoint ignores it'
    return { closed: new Map(), closedPods: () => undefined, conditions: condition('TargetNotFound', message) }
  }
  const targets =
    target.kind === 'refs'
      ? target.refs.map((ref) => targetOf(ref, entry.object, scope))
      : [inNamespace(metadata.namespace, scope)]
  const keys = new Set([...scope.bound.keys()].filter((key) => targets.some(({ takesService }) => takesService(key))))
  const { trafficType } = scope.gateway ?? {}
  const hasPods = trafficType === 'workload' || trafficType === 'all'
  const what = [
    ...(keys.size === 0 ? [] : [formatKeys(keys)]),
    ...(hasPods && targets.some((one) => one.takesPods(metadata.namespace)) ? ['Pods of this waypoint'] : []),
  ]
  const why = `${kind} ${metadata.namespace}/${metadata.name}: ${kind} is not implemented yet`
  return {
    closed: new Map([...keys].map((key) => [key, why])),
    closedPods: (namespace) => (targets.some(({ takesPods }) => takesPods(namespace)) ? why : undefined),
    conditions:
      what.length === 0
        ? condition('TargetNotFound', `${kind} is not implemented yet; it targets no Service of this waypoint`)
        : condition(
            'UnsupportedKind',
            `${kind} is not implemented yet: what it targets is closed (503): ${what.join(', and ')}`,
          ),
  }
}

interface Target {
  readonly takesService: (key: string) => boolean
  readonly takesPods: (namespace: string) => boolean
}

const nothing: Target = { takesService: () => false, takesPods: () => false }
const everything: Target = { takesService: () => true, takesPods: () => true }

/** Targets have to stand in the policy's namespace, except a GatewayClass, which only the root namespace may target. */
const targetOf = (ref: TargetRef, policy: SecurityPolicyObject, scope: PolicyScope): Target => {
  const { namespace } = policy.metadata
  if (ref.namespace !== undefined && ref.namespace !== namespace) return nothing
  const ours = scope.gateway?.entry.object.metadata
  switch (`${ref.group === 'core' ? '' : ref.group}/${ref.kind}`) {
    case '/Service':
      return { ...nothing, takesService: (key) => key === `${namespace}/${ref.name}` }
    case 'gateway.networking.k8s.io/Gateway':
      return ours?.name === ref.name && ours.namespace === namespace ? everything : nothing
    case 'gateway.networking.k8s.io/GatewayClass':
      return namespace === scope.rootNamespace && scope.gateway?.className === ref.name ? everything : nothing
    case 'networking.istio.io/ServiceEntry':
      return nothing
    default:
      // Whatever this is meant to be, it stands in this namespace.
      return inNamespace(namespace, scope)
  }
}

const inNamespace = (namespace: string, { rootNamespace }: PolicyScope): Target =>
  namespace === rootNamespace
    ? everything
    : { takesService: (key) => key.startsWith(`${namespace}/`), takesPods: (other) => other === namespace }

const formatKeys = (keys: ReadonlySet<string>): string => {
  const shown = [...keys].slice(0, 5).join(', ')
  return keys.size > 5 ? `${shown} and ${keys.size - 5} more` : shown
}
