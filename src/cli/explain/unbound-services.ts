import { canonicalIp } from '../../lib/ip.ts'
import { formatServiceKey } from '../../model/service.ts'
import { createCatalog, type Catalog } from '../../config/translate/catalog.ts'
import { lackOf } from '../../config/translate/gateway/unmet-claims.ts'
import { waypointOf } from '../../config/translate/gateway/waypoint-labels.ts'
import type { ServiceObject } from '../../config/objects/service.ts'
import type { LoadedModel } from '../offline/load-model.ts'

/** Why Services among the files are not bound to the waypoint though they have the address, one line each. */
export const explainUnboundServices = (
  { loaded, model, conditions }: LoadedModel,
  authority: string,
  clusterDomain: string,
): readonly string[] => {
  const catalog = createCatalog(loaded.objects)
  return servicesAt(catalog, authority, clusterDomain).flatMap((object) => {
    const { namespace, name } = object.metadata
    const key = formatServiceKey(namespace, name)
    if (model.services.some((service) => service.key === key)) return []
    const wanted = waypointOf(object, catalog)
    const own = object.metadata.labels['istio.io/use-waypoint']
    if (wanted === undefined) {
      const why =
        own === undefined
          ? `neither it nor Namespace ${namespace} has the label istio.io/use-waypoint`
          : `it has istio.io/use-waypoint: ${own}`
      return [`Service ${key} is not bound to a waypoint, so that its traffic does not come here: ${why}`]
    }
    const isFor = `Service ${key} is for waypoint ${wanted.namespace}/${wanted.name}`
    const lack = lackOf(wanted, catalog.gateways)
    if (lack !== undefined) return [`${isFor}, which ${lack.message}`]
    const refusal = conditions.find(
      (condition) =>
        condition.object.kind === 'Service' &&
        condition.object.namespace === namespace &&
        condition.object.name === name &&
        condition.status !== 'True',
    )
    return [`${isFor}: ${refusal?.message ?? otherGateway(model)}`]
  })
}

/** The Services that have an address, bound or not. */
export const servicesAt = (catalog: Catalog, authority: string, clusterDomain: string): readonly ServiceObject[] => {
  const host = hostOf(authority)
  return [...catalog.services.values()].flatMap(({ object }) => {
    const { namespace, name } = object.metadata
    const isIt = host === `${name}.${namespace}.svc.${clusterDomain}` || object.clusterIPs.includes(host)
    return isIt ? [object] : []
  })
}

const otherGateway = ({ gateway }: LoadedModel['model']): string =>
  gateway === undefined
    ? 'it is not said which Gateway this is: choose it with --gateway NS/NAME'
    : `this is ${gateway.namespace}/${gateway.name}; another is chosen with --gateway NS/NAME`

const hostOf = (authority: string): string => {
  const host = authority.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
  return canonicalIp(host) ?? host.toLowerCase().replace(/\.$/, '')
}
