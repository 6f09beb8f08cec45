import type { Condition } from '../../../model/condition.ts'
import { formatServiceKey, type Service, type ServicePort } from '../../../model/service.ts'
import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import type { ConnectionSets } from '../connection/connection-sets.ts'
import type { Attachments, KindRoutes } from '../route/port-routes.ts'
import type { Entry } from '../catalog.ts'
import { conditionOf } from '../conditions.ts'
import { sortByKey } from '../sort-by-key.ts'
import { frontendProtocolOf } from './port-protocol.ts'
import { addressesOf, hostnameOf, tcpPortsOf } from './service-facts.ts'

interface PortScope {
  readonly attachments: Attachments
  readonly setOf: ConnectionSets
  /** The ports (`NAMESPACE/NAME:PORT`) that a BackendTLSPolicy is about. */
  readonly tlsPorts: ReadonlyMap<string, unknown>
}

/** Which security policies something is judged by. */
export type SecurityOf = Pick<Service, 'authentications' | 'authorizations'>

interface ServiceScope extends PortScope {
  readonly clusterDomain: string
  /** Reasons by `NAMESPACE/NAME`. */
  readonly closedServices: ReadonlyMap<string, string>
  /** By `NAMESPACE/NAME`. */
  readonly securityOf: (key: string) => SecurityOf
  /** Key of the policy that says what is told of it, by `NAMESPACE/NAME`. */
  readonly telemetryOf: (key: string) => string | undefined
}

/**
 * The bound Services with their routes. Two Services that claim one address and port would make the destination of a
 * CONNECT a matter of chance: the first keeps it, the other loses the address and gets a condition. So it is with names of
 * ServiceEntries, several of which may have one.
 */
export const translateServices = (
  bound: ReadonlyMap<string, Entry<ServiceObject>>,
  scope: ServiceScope,
): { readonly services: readonly Service[]; readonly conditions: readonly Condition[] } => {
  const claimed = new Map<string, string>()
  const conditions: Condition[] = []
  const services = [...bound].map(([key, entry]) => {
    const ports = tcpPortsOf(entry.object)
    const addresses = addressesOf(entry.object).filter((address) => {
      const taken = ports.find((port) => claimed.has(`${address} ${port.port}`))
      if (taken === undefined) {
        for (const port of ports) claimed.set(`${address} ${port.port}`, key)
        return true
      }
      const message = `Service ${claimed.get(`${address} ${taken.port}`)} has ${address} port ${taken.port} already: the address is not served for this one`
      conditions.push(
        conditionOf(entry, {
          type: 'Conflicted',
          status: 'True',
          reason: 'AddressConflict',
          message,
          path: 'spec.clusterIP',
        }),
      )
      return false
    })
    const hostname = hostnameOf(entry.object, scope.clusterDomain)
    const namesake =
      entry.object.entry === undefined ? undefined : ports.find((port) => claimed.has(`${hostname} ${port.port}`))
    if (namesake !== undefined) {
      const holder = claimed.get(`${hostname} ${namesake.port}`)
      const message = `${holder} has ${hostname} port ${namesake.port} already: those who call it by its name do not get to this one`
      conditions.push(
        conditionOf(entry, { type: 'Conflicted', status: 'True', reason: 'HostConflict', message, path: 'spec.hosts' }),
      )
    } else for (const port of ports) claimed.set(`${hostname} ${port.port}`, key)
    // A list that grew has room for sixteen more.
    const service = translateService(entry.object, { addresses: addresses.slice(), scope })
    return namesake === undefined ? service : { ...service, isNamesake: true as const }
  })
  return { services: hasEntries(bound) ? sortByKey(services) : services, conditions }
}

/** Entries are taken by their age, behind all Services. */
const hasEntries = (bound: ReadonlyMap<string, Entry<ServiceObject>>): boolean =>
  bound.values().some(({ object }) => object.entry !== undefined)

const translateService = (
  service: ServiceObject,
  { addresses, scope }: { readonly addresses: readonly string[]; readonly scope: ServiceScope },
): Service => {
  const { namespace, name } = service.metadata
  const closed = scope.closedServices.get(`${namespace}/${name}`)
  const telemetry = scope.telemetryOf(`${namespace}/${name}`)
  return {
    key: formatServiceKey(namespace, name),
    namespace,
    name,
    hostname: hostnameOf(service, scope.clusterDomain),
    addresses,
    ports: translatePorts(service, scope),
    filters: [],
    ...(closed === undefined ? {} : { closed }),
    ...scope.securityOf(`${namespace}/${name}`),
    ...(telemetry === undefined ? {} : { telemetry }),
  }
}

/** The ports of a Service with the routes that have them. */
export const translatePorts = (service: ServiceObject, scope: PortScope): readonly ServicePort[] => {
  const { namespace, name } = service.metadata
  return tcpPortsOf(service)
    .map((port) => translatePort(port, `${namespace}/${name}:${port.port}`, scope))
    .toSorted((a, b) => a.port - b.port)
}

const translatePort = (port: ServicePortObject, key: string, scope: PortScope): ServicePort => {
  const attached = scope.attachments.get(key)
  return {
    port: port.port,
    ...(port.name === undefined || port.name === '' ? {} : { name: port.name }),
    protocol: frontendProtocolOf(port, scope.tlsPorts.has(key)),
    ...routesOf(attached?.producers, scope),
    consumerRoutes: [...(attached?.consumers ?? [])]
      .map(([namespace, held]) => ({ namespace, ...routesOf(held, scope) }))
      .toSorted((a, b) => (a.namespace < b.namespace ? -1 : 1)),
  }
}

/** The routes of one set: keys of those that act on requests, or whole those that act on connections. */
const routesOf = (held: KindRoutes | undefined, { setOf }: PortScope): Pick<ServicePort, 'routes' | 'connections'> => {
  const connections = held === undefined ? undefined : setOf(held)
  if (connections !== undefined) return { routes: [], connections }
  return { routes: held === undefined ? [] : [...held.routes].toSorted() }
}
