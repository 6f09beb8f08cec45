import type { Metadata } from '../../objects/metadata.ts'
import type { PolicyTarget, TargetRef } from '../../objects/policy-target.ts'
import type { ServiceObject } from '../../objects/service.ts'
import type { Entry } from '../catalog.ts'
import type { Lookup } from '../memory.ts'
import type { ChosenGateway } from '../gateway/choose-gateway.ts'

/** What the targets of security policies are looked for in. */
export interface TargetScope {
  /** The Services of this waypoint by `NAMESPACE/NAME`. */
  readonly bound: ReadonlyMap<string, Entry<ServiceObject>>
  /** All keys of `bound`. */
  readonly keys: readonly string[]
  /** Keys of the hosts of ServiceEntries, by `NAMESPACE/NAME` of the entry; bound or not. */
  readonly hostsOf: Lookup<readonly string[]>
  readonly gateway: ChosenGateway | undefined
  readonly rootNamespace: string
}

/** Where a policy stands. */
export type PolicyMetadata = Pick<Metadata, 'namespace' | 'isNamespaceUnknown'>

/** What of this waypoint a security policy is about. */
export interface ResolvedTargets {
  /** `NAMESPACE/NAME` of its Services, each once. */
  readonly services: readonly string[]
  /** Whether it is about the Pods of a namespace, as long as the waypoint takes workload traffic. */
  readonly takesPods: (namespace: string) => boolean
  /** What leads nowhere. */
  readonly faults: readonly { readonly message: string; readonly path: string }[]
}

/**
 * Follows the references of a policy (waypoint contract 7 and 5.1): a Service, the Gateway or a ServiceEntry stands in the
 * policy's own namespace, and the GatewayClass may be named in the root namespace only. A policy without references is for
 * ztunnel. What cannot be read is taken to mean the whole namespace, and of a namespace that cannot be read any: it may be
 * used to close, never to let through.
 */
export const resolveTargets = (target: PolicyTarget, metadata: PolicyMetadata, scope: TargetScope): ResolvedTargets => {
  const { namespace, isNamespaceUnknown } = metadata
  switch (target.kind) {
    case 'selector':
    case 'none':
      return nothing
    case 'unreadable':
      return isNamespaceUnknown === true ? everything(scope) : wholeNamespace(namespace, scope)
    case 'refs': {
      const resolve = (ref: TargetRef): ResolvedTargets =>
        isNamespaceUnknown === true ? resolveAnywhere(ref, scope) : resolveRef(ref, namespace, scope)
      const [first, ...others] = target.refs
      // Most have but one, and many the Gateway: these share the list of all Services.
      if (first !== undefined && others.length === 0) return resolve(first)
      const all = target.refs.map(resolve)
      return {
        services: [...new Set(all.flatMap(({ services }) => services))],
        takesPods: (of) => all.some(({ takesPods }) => takesPods(of)),
        faults: all.flatMap(({ faults }) => faults),
      }
    }
  }
}

const nothing: ResolvedTargets = { services: [], takesPods: () => false, faults: [] }

const everything = ({ keys }: TargetScope): ResolvedTargets => ({
  services: keys,
  takesPods: () => true,
  faults: [],
})

/** Of the root namespace that is the whole mesh. */
const wholeNamespace = (namespace: string, scope: TargetScope): ResolvedTargets =>
  namespace === scope.rootNamespace
    ? everything(scope)
    : {
        services: scope.keys.filter((key) => key.startsWith(`${namespace}/`)),
        takesPods: (other) => other === namespace,
        faults: [],
      }

const isService = (key: string, { bound }: TargetScope): boolean => {
  const found = bound.get(key)
  return found !== undefined && found.object.entry === undefined
}

const resolveRef = (ref: TargetRef, namespace: string, scope: TargetScope): ResolvedTargets => {
  const fault = (message: string): ResolvedTargets => ({ ...nothing, faults: [{ message, path: ref.path }] })
  if (ref.namespace !== undefined && ref.namespace !== namespace) {
    return fault(`a target in another namespace (${ref.namespace}) is never taken`)
  }
  const ours = scope.gateway?.entry.object.metadata
  const key = `${namespace}/${ref.name}`
  switch (`${ref.group}/${ref.kind}`) {
    case '/Service':
      return isService(key, scope)
        ? { ...nothing, services: [key] }
        : fault(`Service ${key} is none of this waypoint's Services`)
    case 'gateway.networking.k8s.io/Gateway':
      return ours?.name === ref.name && ours.namespace === namespace
        ? everything(scope)
        : fault(`Gateway ${key} is not this waypoint`)
    case 'gateway.networking.k8s.io/GatewayClass':
      if (scope.gateway?.className !== ref.name) return fault(`GatewayClass ${ref.name} is not this waypoint's`)
      return namespace === scope.rootNamespace
        ? everything(scope)
        : fault(`a GatewayClass may be targeted from the root namespace (${scope.rootNamespace}) only`)
    case 'networking.istio.io/ServiceEntry': {
      const services = (scope.hostsOf.get(key) ?? []).filter((host) => scope.bound.has(host))
      return services.length > 0
        ? { ...nothing, services }
        : fault(`ServiceEntry ${key} is none of this waypoint's Services`)
    }
    default:
      // Whatever this is meant to be, it stands in this namespace.
      return wholeNamespace(namespace, scope)
  }
}

/** What a reference of a policy means whose namespace nobody knows: whatever has that name. */
const resolveAnywhere = ({ group, kind, name }: TargetRef, scope: TargetScope): ResolvedTargets => {
  switch (`${group}/${kind}`) {
    case 'networking.istio.io/ServiceEntry':
      return { ...nothing, services: scope.keys.filter((key) => scope.bound.get(key)?.object.entry?.ref.name === name) }
    case '/Service':
      return { ...nothing, services: scope.keys.filter((key) => key.endsWith(`/${name}`)) }
    case 'gateway.networking.k8s.io/Gateway':
      return scope.gateway?.entry.object.metadata.name === name ? everything(scope) : nothing
    case 'gateway.networking.k8s.io/GatewayClass':
      return scope.gateway?.className === name ? everything(scope) : nothing
    default:
      return everything(scope)
  }
}
