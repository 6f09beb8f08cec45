import { emptyChain } from '../filter/chain.ts'
import type { FilterFactory } from '../filter/instances.ts'
import { joinHostPort } from '../lib/ip.ts'
import { isEqual } from '../lib/is-equal.ts'
import { formatEndpointKey } from '../model/endpoint.ts'
import type { Service, ServicePort } from '../model/service.ts'
import { compileChain } from './compile-route.ts'
import { compileConnections } from './connection/compile-connections.ts'
import type { Frontend, RouteTable, ServiceFrontend } from './snapshot.ts'

export interface FrontendOptions {
  /** Those of the same Service in the previous snapshot, when their filters came from the same factory. */
  readonly previous: readonly ServiceFrontend[]
  readonly filters: FilterFactory
  /** What the Service's policies come to. */
  readonly policies: Pick<Frontend, 'authorization' | 'authentication' | 'telemetry'>
  /**
   * The table of a route set; `undefined` for an empty one. The same set of unchanged routes gives the same object;
   * what has changed is made from the table that was there before.
   */
  readonly tableOf: (
    routes: readonly string[],
    before: RouteTable | undefined,
  ) => Generator<void, RouteTable | undefined>
}

/** Makes the frontend of each port of a Service; a frontend in which nothing changed is the previous object. */
export function* compileFrontends(
  service: Service,
  options: FrontendOptions,
): Generator<void, readonly ServiceFrontend[]> {
  const { previous, tableOf, policies } = options
  const frontends: ServiceFrontend[] = []
  let isSame = previous.length === service.ports.length
  for (const [index, port] of service.ports.entries()) {
    const before = previous.find((frontend) => frontend.port.port === port.port)
    const producer = yield* tableOf(port.routes, before?.producer)
    const consumers = new Map<string, RouteTable>()
    for (const { namespace, routes } of port.consumerRoutes) {
      const table = yield* tableOf(routes, before?.consumers.get(namespace))
      if (table !== undefined) consumers.set(namespace, table)
    }
    const isKept =
      before !== undefined &&
      before.producer === producer &&
      isSameTables(before.consumers, consumers) &&
      before.authorization === policies.authorization &&
      before.authentication === policies.authentication &&
      before.telemetry === policies.telemetry &&
      isEqual(before.service, service)
    const frontend = isKept ? before : createFrontend(service, port, { producer, consumers, before, options })
    isSame &&= frontend === previous[index]
    frontends.push(frontend)
  }
  // A copy is as long as it has to be.
  return isSame ? previous : frontends.slice()
}

/** Shared, since hardly a Service has any. */
const noConsumers: Frontend['consumers'] = new Map()

const createFrontend = (
  service: Service,
  port: ServicePort,
  parts: {
    readonly producer: RouteTable | undefined
    readonly consumers: ReadonlyMap<string, RouteTable>
    readonly before: ServiceFrontend | undefined
    readonly options: FrontendOptions
  },
): ServiceFrontend => {
  const { producer, consumers, before, options } = parts
  const specs = port.filters === undefined ? service.filters : [...service.filters, ...port.filters]
  const compiled = compileChain(specs, options.filters)
  const destination = keepDestination(service, port, before)
  return {
    kind: 'service',
    destination,
    service,
    port,
    protocol: port.protocol,
    authorities: authoritiesOf(service, port),
    chain: 'chain' in compiled ? compiled.chain : emptyChain,
    producer,
    consumers: consumers.size === 0 ? noConsumers : consumers,
    connections: compileConnections(port, before?.connections),
    passThrough: keepPassThrough(destination, before),
    ...options.policies,
    closed: service.closed ?? port.closed ?? ('failure' in compiled ? compiled.failure : undefined),
  }
}

/** `10.96.0.12:80`, `[fd00::12]:80`, `api.shop.svc.cluster.local:80`. */
const authoritiesOf = (service: Service, port: ServicePort): readonly string[] =>
  service.addresses
    .map((address) => joinHostPort(address, port.port))
    .concat(service.isNamesake === true ? [] : [`${service.hostname.toLowerCase()}:${port.port}`])

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
