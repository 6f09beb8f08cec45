import { isEqual } from '../../lib/is-equal.ts'
import { shareHostnames, type ConnectionRoutes, type ConnectionRule } from '../../model/connection-route.ts'
import type { ServicePort } from '../../model/service.ts'
import type {
  ConnectionBackendPlan,
  ConnectionPlan,
  ConnectionTable,
  ConnectionTables,
  RefusedConnection,
} from '../snapshot.ts'

/** Makes the tables of a port's route sets that act on connections; plans of rules that did not change are kept. */
export const compileConnections = (
  { connections, consumerRoutes }: ServicePort,
  before: ConnectionTables | undefined,
): ConnectionTables | undefined => {
  const producer = compileTable(connections, before?.producer)
  const consumers = new Map<string, ConnectionTable>()
  for (const { namespace, connections: own } of consumerRoutes) {
    const table = compileTable(own, before?.consumers.get(namespace))
    if (table !== undefined) consumers.set(namespace, table)
  }
  return producer === undefined && consumers.size === 0 ? undefined : { producer, consumers }
}

/** All plans of a table. */
export const plansOf = (table: ConnectionTable): readonly ConnectionPlan[] =>
  table.kind === 'tcp' ? [table.plan] : table.plans

/** By route. */
type KnownPlans = ReadonlyMap<string, ConnectionPlan>

const compileTable = (
  routes: ConnectionRoutes | undefined,
  before: ConnectionTable | undefined,
): ConnectionTable | undefined => {
  const known: KnownPlans = new Map(before === undefined ? [] : plansOf(before).map((plan) => [plan.route, plan]))
  switch (routes?.kind) {
    case undefined:
      return undefined
    case 'TCPRoute':
      return { kind: 'tcp', plan: compilePlan(routes.rule, known) }
    case 'TLSRoute':
      return compileSniTable(routes.rules, known)
  }
}

const compileSniTable = (
  rules: Extract<ConnectionRoutes, { kind: 'TLSRoute' }>['rules'],
  known: KnownPlans,
): ConnectionTable => {
  const exact = new Map<string, ConnectionPlan>()
  const wildcards = new Map<string, ConnectionPlan>()
  let any: ConnectionPlan | undefined
  const holders = shareHostnames(rules)
  const plans = new Map(rules.map((rule) => [rule, compilePlan(rule, known)] as const))
  for (const [hostname, rule] of holders) {
    const plan = plans.get(rule)
    if (plan === undefined) continue
    if (hostname === '') any = plan
    else if (hostname.startsWith('*.')) wildcards.set(hostname.slice(1), plan)
    else exact.set(hostname, plan)
  }
  const [first] = rules
  const route = rules.length === 1 ? first?.route : undefined
  return {
    kind: 'tls',
    exact,
    wildcards,
    any,
    plans: [...plans.values()],
    noMatch: noMatch(route),
    notTls: notTls(route),
  }
}

const compilePlan = (rule: ConnectionRule, known: KnownPlans): ConnectionPlan => {
  const before = known.get(rule.route)
  if (before !== undefined && isEqual(before.source, rule)) return before
  const totalWeight = rule.backends.reduce((sum, { weight }) => sum + weight, 0)
  const why = rule.closed ?? (totalWeight > 0 ? undefined : 'no backend of the route has any weight')
  return {
    kind: 'backends',
    route: rule.route,
    rule: rule.name ?? '0',
    backends: rule.backends.map(compileBackend),
    totalWeight,
    refused: why === undefined ? undefined : { kind: 'refused', cause: 'closed', reason: why, route: rule.route },
    source: rule,
  }
}

const compileBackend = (backend: ConnectionRule['backends'][number]): ConnectionBackendPlan => {
  if (backend.kind === 'invalid') return backend
  const { weight, service, endpoints } = backend
  return { kind: 'service', weight, destination: service, endpoints }
}

const noMatch = (route: string | undefined): RefusedConnection => ({
  kind: 'refused',
  cause: 'no-match',
  reason: 'no TLSRoute of the port is for the server name of the connection',
  route,
})

const notTls = (route: string | undefined): RefusedConnection => ({
  kind: 'refused',
  cause: 'no-match',
  reason: 'the port has TLSRoutes, and the connection is not TLS',
  route,
})
