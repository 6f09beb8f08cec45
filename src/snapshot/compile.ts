import type { Chain } from '../filter/chain.ts'
import type { Filter } from '../filter/index.ts'
import type { FilterFactory } from '../filter/instances.ts'
import { runSteps } from '../lib/steps/run-steps.ts'
import { isEqual } from '../lib/is-equal.ts'
import type { EndpointKey, EndpointSet } from '../model/endpoint.ts'
import type { FilterSpec } from '../model/filter-spec.ts'
import type { Model } from '../model/model.ts'
import type { Service, ServiceKey } from '../model/service.ts'
import { compileFrontends, type FrontendOptions } from './compile-frontend.ts'
import { compileRoute, createBackendsCompiler } from './compile-route.ts'
import { createRegexCompiler } from './match.ts'
import type { EndpointGroup, RoutePlan, RouteTable, ServiceFrontend, Snapshot } from './snapshot.ts'
import { compilePodChain, compilePods } from './pod-frontends.ts'
import { compilePolicies, findShared, IndexCompiler, noAuthorizations } from './security/compile-authorization.ts'
import { compileAuthentications, noAuthentications } from './security/tokens/authentication-plan.ts'
import { compileRouteTable } from './table/route-table.ts'
import { compileTelemetry, noTelemetry } from './telemetry/compile-telemetry.ts'

export interface CompileOptions {
  /** Its objects are handed on wherever the model says the same as then. */
  readonly previous?: Snapshot | undefined
  readonly generation: number
  /** Pass the same function as long as filters would be made the same way: another one makes all anew. */
  readonly filters: FilterFactory
}

const noFilters: readonly FilterSpec[] = []

/** How many parts that did not change are gone through between two pauses. */
const STEP = 256

/**
 * The model made fast. Never throws for what a model may hold: what cannot be compiled closes its rule (500), its
 * backend (500) or its Service (503).
 */
export const compile = (model: Model, options: CompileOptions): Snapshot => runSteps(compileInSteps(model, options))

/** As `compile`; it yields, after some tens of microseconds each, where its caller may do something else for a while. */
export function* compileInSteps(
  model: Model,
  { previous, generation, filters }: CompileOptions,
): Generator<void, Snapshot> {
  const kept = previous?.filters === filters ? previous : undefined
  if (kept !== undefined && hasMovedOnly(model, kept.model)) {
    return { ...kept, generation, model, groups: yield* compileGroups(model.endpoints, kept) }
  }
  const { routes, changed } = yield* compileRoutes(model, kept, filters)
  const tableOf = createTables(routes)
  const before = previous?.authorizations ?? noAuthorizations
  const plans = yield* compilePolicies(model.authorizations, before.plans)
  const shared = findShared(model.services.map(({ authorizations }) => authorizations))
  const indexes = new IndexCompiler(plans, before, shared)
  const authentications = compileAuthentications(model.authentications, previous?.authentications ?? noAuthentications)
  const telemetry = compileTelemetry(model.telemetry, previous?.telemetry ?? noTelemetry)
  const frontends = new Map<string, ServiceFrontend>()
  const services = new Map<ServiceKey, readonly ServiceFrontend[]>()
  for (const service of boundServices(model)) {
    const were = kept?.services.get(service.key) ?? []
    const authorization = yield* indexes.compile(service.authorizations)
    const authentication = authentications.planOf(service.authentications)
    const told = service.telemetry === undefined ? undefined : telemetry.byKey.get(service.telemetry)
    const policies = { authorization, authentication, telemetry: told }
    const those = isUntouched(service, were, { changed, policies })
      ? were
      : yield* compileFrontends(service, { previous: were, filters, tableOf, policies })
    services.set(service.key, those)
    for (const frontend of those) {
      // Two Services with one address cannot be; should they, the first in the model's order holds it.
      for (const authority of frontend.authorities) {
        if (!frontends.has(authority)) frontends.set(authority, frontend)
      }
    }
    if (services.size % STEP === 0 || those !== were) yield
  }
  return {
    generation,
    pathNormalization: model.pathNormalization,
    tellsClientIdentity: model.tellsClientIdentity === true,
    defaultRepeats: model.defaultRepeats,
    clusterDomain: model.clusterDomain,
    callGrants: model.callGrants ?? [],
    providers: new Map((model.providers ?? []).map((provider) => [provider.key, provider])),
    frontends,
    pods: yield* compilePods(boundPods(model), previous?.pods, {
      plans,
      indexes,
      authentications,
      telemetry: telemetry.pods,
      filters: compilePodChain(model.podFilters ?? noFilters, kept?.pods?.filters, filters),
    }),
    services,
    groups: yield* compileGroups(model.endpoints, previous),
    routes,
    authorizations: { plans, indexes: indexes.indexes },
    authentications,
    telemetry,
    model,
    filters,
  }
}

/** Whether nothing differs but where endpoints are, which changes all the time. */
const hasMovedOnly = (model: Model, before: Model): boolean => {
  // Widening only: any part can be read by its name.
  const now: Readonly<Record<string, unknown>> = { ...model }
  const then: Readonly<Record<string, unknown>> = { ...before }
  return Object.keys({ ...now, ...then }).every((name) => {
    if (name === 'endpoints' || now[name] === then[name]) return true
    return !longLists.has(name) && isEqual(now[name], then[name])
  })
}

/** These are the same ones or others: to compare them would be most of the work. */
const longLists: ReadonlySet<string> = new Set<keyof Model>([
  ...(['services', 'routes', 'pods', 'authentications', 'authorizations', 'filterModules'] as const),
])

/** Every filter that a snapshot can run, each at least once: what `FilterInstances.retain` wants to know. */
export function* usedFilters(snapshot: Snapshot): Generator<Filter> {
  for (const { filters } of usedChains(snapshot)) yield* filters
}

/** Every part of a chain that a snapshot can run, each at least once. */
export function* usedChains(snapshot: Snapshot): Generator<Chain> {
  for (const frontends of snapshot.services.values()) for (const { chain } of frontends) yield chain
  if (snapshot.pods !== undefined) yield snapshot.pods.filters.chain
  for (const route of snapshot.routes.values()) {
    // What is not made yet need not be for this.
    if (!route.hasFilters) continue
    for (const { rule } of route.matches) {
      yield rule.chain
      for (const backend of rule.backends) if (backend.kind === 'service') yield backend.chain
    }
  }
}

// Without a Gateway, or with one that does not take Services, nothing is bound and every CONNECT is refused.
const boundServices = (model: Model): Model['services'] =>
  model.gateway !== undefined && (model.trafficType === 'service' || model.trafficType === 'all') ? model.services : []

const boundPods = (model: Model): Model['pods'] =>
  model.gateway !== undefined && (model.trafficType === 'workload' || model.trafficType === 'all') ? model.pods : []

/** Whether nothing that its frontends are made of has changed. */
const isUntouched = (
  service: Service,
  were: readonly ServiceFrontend[],
  { changed, policies }: Pick<CompiledRoutes, 'changed'> & Pick<FrontendOptions, 'policies'>,
): boolean =>
  were.length === service.ports.length &&
  were.every(
    (frontend) =>
      frontend.service === service &&
      frontend.authorization === policies.authorization &&
      frontend.authentication === policies.authentication &&
      frontend.telemetry === policies.telemetry,
  ) &&
  service.ports.every(
    ({ routes, consumerRoutes }) =>
      !routes.some((key) => changed.has(key)) &&
      !consumerRoutes.some((consumer) => consumer.routes.some((key) => changed.has(key))),
  )

interface CompiledRoutes {
  readonly routes: ReadonlyMap<string, RoutePlan>
  /** The keys of those that are other than before, new, or gone. */
  readonly changed: ReadonlySet<string>
}

function* compileRoutes(
  model: Model,
  previous: Snapshot | undefined,
  filters: FilterFactory,
): Generator<void, CompiledRoutes> {
  const kit = { filters, regex: createRegexCompiler(), backends: createBackendsCompiler(filters) }
  const routes = new Map<string, RoutePlan>()
  const changed = new Set<string>()
  for (const route of model.routes) {
    const before = previous?.routes.get(route.key)
    const plan = compileRoute(route, before, kit)
    routes.set(route.key, plan)
    if (plan !== before) changed.add(route.key)
    if (routes.size % STEP === 0 || plan !== before) yield
  }
  for (const key of previous?.routes.keys() ?? []) if (!routes.has(key)) changed.add(key)
  return { routes, changed }
}

/** Gives each route set its table; ports that have the same set share it, which many do that are ports of one Service. */
const createTables = (
  routes: ReadonlyMap<string, RoutePlan>,
): ((keys: readonly string[], before: RouteTable | undefined) => Generator<void, RouteTable | undefined>) => {
  /** By the first key. */
  const tables = new Map<string, RouteTable[]>()
  return function* tableOf(keys, before) {
    const [first] = keys
    if (first === undefined) return undefined
    const plans = keys.flatMap((key) => routes.get(key) ?? [])
    const known = tables.get(first) ?? []
    const same = known.find((table) => isSameSet(table, plans))
    if (same !== undefined) return same
    const isKept = before !== undefined && isSameSet(before, plans)
    const table = isKept ? before : yield* compileRouteTable(plans, before)
    tables.set(first, [...known, table])
    return table
  }
}

const isSameSet = (table: RouteTable, plans: readonly RoutePlan[]): boolean =>
  table.routes.length === plans.length && table.routes.every((route, index) => route === plans[index])

function* compileGroups(
  sets: readonly EndpointSet[],
  previous: Snapshot | undefined,
): Generator<void, ReadonlyMap<EndpointKey, EndpointGroup>> {
  const groups = new Map<EndpointKey, EndpointGroup>()
  for (const set of sets) {
    const group = previous?.groups.get(set.key)
    const isSame = group === set || (group !== undefined && isEqual(group, set))
    groups.set(set.key, isSame ? group : set)
    if (groups.size % STEP === 0) yield
  }
  return groups
}
