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

/**
 * Which Services a security policy closes as long as its kind is not implemented: never ignored, since to let through
 * what it might have denied would be worse than to refuse. Reasons by Service key.
 */
export const closeForPolicy = (
  entry: Entry<SecurityPolicyObject>,
  scope: PolicyScope,
): { readonly closed: ReadonlyMap<string, string>; readonly conditions: readonly Condition[] } => {
  const { kind, metadata, target } = entry.object
  const condition = (reason: string, message: string): readonly Condition[] => [
    conditionOf(entry, { type: 'Accepted', status: 'False', reason, message, path: 'spec' }),
  ]
  if (target.kind === 'selector') {
    const message =
      'a policy with a workload selector is enforced by the ztunnel of the destination; a waypoint ignores it'
    return { closed: new Map(), conditions: condition('TargetNotFound', message) }
  }
  const targets =
    target.kind === 'refs'
      ? target.refs.map((ref) => servicesOf(ref, entry.object, scope))
      : [inNamespace(metadata.namespace, scope)]
  const keys = new Set(targets.flat())
  const why = `${kind} ${metadata.namespace}/${metadata.name}: ${kind} is not implemented yet`
  return {
    closed: new Map([...keys].map((key) => [key, why])),
    conditions:
      keys.size === 0
        ? condition('TargetNotFound', `${kind} is not implemented yet; it targets no Service of this waypoint`)
        : condition(
            'UnsupportedKind',
            `${kind} is not implemented yet: what it targets is closed (503): ${formatKeys(keys)}`,
          ),
  }
}

/** Targets have to stand in the policy's namespace, except a GatewayClass, which only the root namespace may target. */
const servicesOf = (ref: TargetRef, policy: SecurityPolicyObject, scope: PolicyScope): readonly string[] => {
  const { namespace } = policy.metadata
  if (ref.namespace !== undefined && ref.namespace !== namespace) return []
  const all = [...scope.bound.keys()]
  const ours = scope.gateway?.entry.object.metadata
  switch (`${ref.group === 'core' ? '' : ref.group}/${ref.kind}`) {
    case '/Service':
      return all.filter((key) => key === `${namespace}/${ref.name}`)
    case 'gateway.networking.k8s.io/Gateway':
      return ours?.name === ref.name && ours.namespace === namespace ? all : []
    case 'gateway.networking.k8s.io/GatewayClass':
      return namespace === scope.rootNamespace && scope.gateway?.className === ref.name ? all : []
    case 'networking.istio.io/ServiceEntry':
      return []
    default:
      // Whatever this is meant to be, it stands in this namespace.
      return inNamespace(namespace, scope)
  }
}

const inNamespace = (namespace: string, { bound, rootNamespace }: PolicyScope): readonly string[] => {
  const keys = [...bound.keys()]
  return namespace === rootNamespace ? keys : keys.filter((key) => key.startsWith(`${namespace}/`))
}

const formatKeys = (keys: ReadonlySet<string>): string => {
  const shown = [...keys].slice(0, 5).join(', ')
  return keys.size > 5 ? `${shown} and ${keys.size - 5} more` : shown
}
