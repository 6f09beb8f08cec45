import type { Condition } from '../../../model/condition.ts'
import type { ServiceEntryObject } from '../../objects/service-entry/service-entry.ts'
import type { ServiceObject } from '../../objects/service.ts'
import type { Catalog, Entry } from '../catalog.ts'
import type { ChosenGateway } from '../gateway/choose-gateway.ts'
import { conditionOf, type Verdict } from '../conditions.ts'
import type { TranslateOptions } from '../options.ts'
import { acceptedBy, isNamespaceAllowed, notAllowedNamespace, roleOf } from '../service/bind-services.ts'
import { distributionFor, lackOfPlace } from '../service/near-places.ts'
import type { EntryHosts, HostsOfEntry } from './entry-hosts.ts'

interface BoundEntries {
  /** Hosts by their keys, those of the older entries first. */
  readonly services: ReadonlyMap<string, Entry<ServiceObject>>
  readonly conditions: readonly Condition[]
}

interface BindScope {
  readonly catalog: Catalog
  readonly gateway: ChosenGateway | undefined
  readonly options: Pick<TranslateOptions, 'zone' | 'node'>
}

/** Which hosts of ServiceEntries send their traffic through the Gateway: by the same labels as Services. */
export const bindEntries = (hosts: EntryHosts, { catalog, gateway, options }: BindScope): BoundEntries => {
  const services = new Map<string, Entry<ServiceObject>>()
  const conditions: Condition[] = []
  if (gateway === undefined) return { services, conditions }
  for (const found of hosts.entries) {
    const { object } = found.entry
    const role = roleOf(gateway, object, catalog)
    if (role === undefined) continue
    const exportTo = hosts.services.get(found.keys[0] ?? '')?.object.entry?.exportTo ?? object.exportTo
    const refusal = refuse({ metadata: object.metadata, exportTo }, gateway, catalog)
    if (refusal !== undefined) {
      conditions.push(conditionOf(found.entry, refusal))
      continue
    }
    for (const key of found.keys) {
      const service = hosts.services.get(key)
      if (service !== undefined) services.set(key, service)
    }
    const lack = lackOfPlace(distributionFor(object, catalog.namespaces), options)
    conditions.push(...tellBound(found, acceptedBy(gateway, { role, but: lack })))
  }
  return { services, conditions }
}

const tellBound = ({ entry, keys, notes }: HostsOfEntry, accepted: Verdict): readonly Condition[] => {
  const message = notes.join('; ')
  if (keys.length === 0) {
    const refused = { type: 'Accepted', status: 'False', reason: 'UnsupportedValue', path: 'spec.hosts' } as const
    return [conditionOf(entry, { ...refused, message: `no host of it is served: ${message}` })]
  }
  if (notes.length === 0) return [conditionOf(entry, accepted)]
  const partly = { type: 'PartiallyInvalid', status: 'True', reason: 'UnsupportedValue', path: 'spec' } as const
  return [conditionOf(entry, accepted), conditionOf(entry, { ...partly, message })]
}

/** `exportTo` is what the mesh leaves of it. */
const refuse = (
  object: Pick<ServiceEntryObject, 'metadata' | 'exportTo'>,
  gateway: ChosenGateway,
  catalog: Catalog,
): Verdict | undefined => {
  const { exportTo, metadata } = object
  const refused = { type: 'Accepted', status: 'False', reason: 'NotAllowedByListeners' } as const
  if (gateway.trafficType !== 'service' && gateway.trafficType !== 'all') {
    return { ...refused, message: `the Gateway takes ${gateway.trafficType} traffic (istio.io/waypoint-for)` }
  }
  if (!isNamespaceAllowed(metadata.namespace, gateway, catalog)) return notAllowedNamespace('ServiceEntry')
  const isOwnOnly = exportTo.length > 0 && exportTo.every((to) => to === '.' || to === '~' || to === metadata.namespace)
  if (!isOwnOnly || gateway.entry.object.metadata.namespace === metadata.namespace) return undefined
  const by = 'spec.exportTo, or serviceEntryVisibility of the MeshConfig'
  const message = `an entry that only its own namespace sees (${by}) cannot have a waypoint in another one`
  return { ...refused, message, path: 'spec.exportTo' }
}
