import type { AuthorizationPolicyObject } from '../../config/objects/authorization-policy/authorization-policy.ts'
import type { RequestAuthenticationObject } from '../../config/objects/request-authentication/request-authentication.ts'
import type { TelemetryObject } from '../../config/objects/telemetry/telemetry-object.ts'
import { createCatalog, type AnyRoute } from '../../config/translate/catalog.ts'
import type { SourcedObject } from '../../config/translate/options.ts'
import { waypointsOf } from '../../config/translate/gateway/waypoint-labels.ts'
import type { ParentReference } from '../../model/condition.ts'

/** A Gateway of ours. */
export interface OwnGateway {
  /** `NAMESPACE/NAME` */
  readonly key: string
  readonly className: string
}

/** Whose business things are. Gateways are told by their keys, and only those of ours. */
export interface Ownership {
  /** The Gateway that has a parent of a route in this namespace; of two the one that is not the canary. */
  readonly ofParent: (ref: ParentReference, namespace: string) => string | undefined
  /** Each that has a parent of the route. */
  readonly ofRoute: (route: AnyRoute) => ReadonlySet<string>
  /** Whether a policy of Istio's is about anything of ours. */
  readonly isConcerned: (policy: AuthorizationPolicyObject | RequestAuthenticationObject | TelemetryObject) => boolean
}

const GATEWAY_API = 'gateway.networking.k8s.io'

/** Finds out whose business things are; `rootNamespace` is where policies for a whole class stand. */
export const createOwnership = (
  objects: readonly SourcedObject[],
  gateways: readonly OwnGateway[],
  rootNamespace: string,
): Ownership => {
  const catalog = createCatalog(objects)
  const own = new Set(gateways.map(({ key }) => key))
  const classes = new Set(gateways.map(({ className }) => className))
  const homes = new Set(gateways.map(({ key }) => key.slice(0, key.indexOf('/'))))
  const asked = new Set<string>()
  const waypointOfKey = (key: string, kind: 'Service' | 'ServiceEntry'): string | undefined => {
    const found = (kind === 'Service' ? catalog.services : catalog.serviceEntries).get(key)
    const wanted = found === undefined ? [] : waypointsOf(found.object, catalog)
    return wanted.map(({ namespace, name }) => `${namespace}/${name}`).find((gateway) => own.has(gateway))
  }
  for (const [key, { object }] of catalog.services) {
    if (waypointOfKey(key, 'Service') !== undefined) asked.add(object.metadata.namespace)
  }
  const find = ({ group, kind, name }: Named, namespace: string): string | undefined => {
    const key = `${namespace}/${name}`
    switch (`${group === 'core' ? '' : group}/${kind}`) {
      case '/Service':
        return waypointOfKey(key, 'Service')
      case 'networking.istio.io/ServiceEntry':
        return waypointOfKey(key, 'ServiceEntry')
      case `${GATEWAY_API}/Gateway`:
        return own.has(key) ? key : undefined
      default:
        return undefined
    }
  }
  const ofParent: Ownership['ofParent'] = (ref, namespace) => find(ref, ref.namespace ?? namespace)
  return {
    ofParent,
    ofRoute: ({ parentRefs, metadata }) =>
      new Set(parentRefs.flatMap((ref) => ofParent(ref, metadata.namespace) ?? [])),
    isConcerned: ({ kind, target, metadata }) => {
      const { namespace } = metadata
      const isWide = target.kind === 'unreadable' || (kind === 'Telemetry' && target.kind === 'none')
      if (isWide) return asked.has(namespace) || homes.has(namespace) || namespace === rootNamespace
      if (target.kind !== 'refs') return false
      return target.refs.some(
        (ref) =>
          (ref.kind === 'GatewayClass' && ref.group === GATEWAY_API && classes.has(ref.name)) ||
          find(ref, namespace) !== undefined,
      )
    },
  }
}

interface Named {
  readonly group: string
  readonly kind: string
  readonly name: string
}
