import type { SourcedObject } from '../../config/translate/options.ts'
import type { Model } from '../../model/model.ts'
import { secretNamesOf } from '../conditions/stand-ins.ts'
import type { GatewayReach } from '../desired/gateway-plan.ts'
import { certificateKeys } from './plan-pass.ts'

/** Finds in which namespaces the replicas of a Gateway have to read what, by what its translation came to. */
export const reachOf = (
  { services, routes, endpoints }: Pick<Model, 'services' | 'routes' | 'endpoints'>,
  objects: readonly SourcedObject[],
): Omit<GatewayReach, 'isWide'> => {
  const bound = new Set(services.map(({ key }) => namespaceOf(key)))
  const reached = new Set([...bound, ...endpoints.map(({ key }) => namespaceOf(key))])
  // `HTTPRoute/NAMESPACE/NAME`
  const routed = new Set(routes.map(({ key }) => key.split('/')[1] ?? ''))
  const withCertificates = new Set([...certificateKeys(objects)].map(namespaceOf))
  const withSecrets = new Set(
    objects.flatMap(({ read }) =>
      read.state === 'typed' && read.object.kind === 'Filter' && secretNamesOf(read.object.content).length > 0
        ? [read.ref.namespace]
        : [],
    ),
  )
  return {
    namespaces: [...reached].toSorted(),
    certificates: [...reached.intersection(withCertificates)].toSorted(),
    secrets: [...bound.union(routed).intersection(withSecrets)].toSorted(),
  }
}

/** Of a key `NAMESPACE/…`. */
const namespaceOf = (key: string): string => key.slice(0, key.indexOf('/'))
