import { emptyChain } from '../filter/chain.ts'
import type { FilterFactory } from '../filter/instances.ts'
import { joinHostPort } from '../lib/ip.ts'
import { formatEndpointKey } from '../model/endpoint.ts'
import type { Service, ServicePort } from '../model/service.ts'
import { compileChain } from './compile-route.ts'
import { isEqual } from './is-equal.ts'
import type { Frontend, RouteTable } from './snapshot.ts'

export interface FrontendOptions {
  /** The frontend at an authority in the previous snapshot, when its filters came from the same factory. */
  readonly previous: (authority: string) => Frontend | undefined
  readonly filters: FilterFactory
  /** The table of a route set; `undefined` for an empty one. The same set of unchanged routes gives the same object. */
  readonly tableOf: (routes: readonly string[]) => RouteTable | undefined
}

/** `10.96.0.12:80`, `[fd00::12]:80`, `api.shop.svc.cluster.local:80`: every authority that means this port. */
export const authoritiesOf = (service: Service, port: ServicePort): readonly string[] => [
  ...service.addresses.map((address) => joinHostPort(address, port.port)),
  `${service.hostname.toLowerCase()}:${port.port}`,
]

/** Makes the frontend of each port of a Service; a frontend in which nothing changed is the previous object. */
export const compileFrontends = (service: Service, options: FrontendOptions): readonly Frontend[] => {
  const chain = compileChain(service.filters, options.filters)
  return service.ports.map((port) => {
    const previous = options.previous(`${service.hostname.toLowerCase()}:${port.port}`)
    const producer = options.tableOf(port.routes)
    const consumers = compileConsumers(port, options)
    if (
      previous !== undefined &&
      previous.producer === producer &&
      isSameTables(previous.consumers, consumers) &&
      isEqual(previous.service, service)
    ) {
      return previous
    }
    const destination = keepDestination(service, port, previous)
    return {
      destination,
      service,
      port,
      chain: 'chain' in chain ? chain.chain : emptyChain,
      producer,
      consumers,
      passThrough: keepPassThrough(destination, previous),
      closed: service.closed ?? port.closed ?? ('failure' in chain ? chain.failure : undefined),
    }
  })
}

const compileConsumers = (port: ServicePort, options: FrontendOptions): ReadonlyMap<string, RouteTable> => {
  const consumers = new Map<string, RouteTable>()
  for (const { namespace, routes } of port.consumerRoutes) {
    const table = options.tableOf(routes)
    if (table !== undefined) consumers.set(namespace, table)
  }
  return consumers
}

const isSameTables = (a: ReadonlyMap<string, RouteTable>, b: ReadonlyMap<string, RouteTable>): boolean => {
  if (a.size !== b.size) return false
  for (const [namespace, table] of a) if (b.get(namespace) !== table) return false
  return true
}

// Metric handles are keyed by destination, so it outlives a change of the routes.
const keepDestination = (
  service: Service,
  { port }: ServicePort,
  previous: Frontend | undefined,
): Frontend['destination'] => {
  const destination = { namespace: service.namespace, name: service.name, hostname: service.hostname, port }
  return previous !== undefined && isEqual(previous.destination, destination) ? previous.destination : destination
}

const keepPassThrough = (
  destination: Frontend['destination'],
  previous: Frontend | undefined,
): Frontend['passThrough'] => {
  if (previous?.destination === destination) return previous.passThrough
  const endpoints = formatEndpointKey(destination.namespace, destination.name, destination.port)
  const backend = { kind: 'service', weight: 1, destination, endpoints, chain: emptyChain, mirrors: [] } as const
  return { kind: 'pass-through', backend }
}
