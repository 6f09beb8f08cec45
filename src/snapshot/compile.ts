import type { Filter } from '../filter/index.ts'
import type { FilterFactory } from '../filter/instances.ts'
import type { EndpointKey, EndpointSet } from '../model/endpoint.ts'
import type { Model } from '../model/model.ts'
import { authoritiesOf, compileFrontends } from './compile-frontend.ts'
import { compileRoute } from './compile-route.ts'
import { isEqual } from './is-equal.ts'
import { createRegexCompiler } from './match.ts'
import { compileRouteTable } from './route-table.ts'
import type { EndpointGroup, Frontend, RoutePlan, RouteTable, Snapshot } from './snapshot.ts'

export interface CompileOptions {
  /** Its objects are handed on wherever the model says the same as then. */
  readonly previous?: Snapshot | undefined
  readonly generation: number
  /** Pass the same function as long as filters would be made the same way: another one makes all anew. */
  readonly filters: FilterFactory
}

/**
 * The model made fast. Never throws for what a model may hold: what cannot be compiled closes its rule (500), its
 * backend (500) or its Service (503).
 */
export const compile = (model: Model, { previous, generation, filters }: CompileOptions): Snapshot => {
  const kept = previous?.filters === filters ? previous : undefined
  const routes = compileRoutes(model, kept, filters)
  const tables = new Map<string, RouteTable>()
  const tableOf = (keys: readonly string[]): RouteTable | undefined => {
    if (keys.length === 0) return undefined
    const id = keys.join('\n')
    const table =
      tables.get(id) ??
      keepTable(
        kept?.tables.get(id),
        keys.flatMap((key) => routes.get(key) ?? []),
      )
    tables.set(id, table)
    return table
  }
  const previousFrontend = (authority: string): Frontend | undefined => kept?.frontends.get(authority)
  const frontends = new Map<string, Frontend>()
  for (const service of boundServices(model)) {
    for (const frontend of compileFrontends(service, { previous: previousFrontend, filters, tableOf })) {
      // Two Services with one address cannot be; should they, the first in the model's order holds it.
      for (const authority of authoritiesOf(service, frontend.port)) {
        if (!frontends.has(authority)) frontends.set(authority, frontend)
      }
    }
  }
  return {
    generation,
    pathNormalization: model.pathNormalization,
    frontends,
    groups: compileGroups(model.endpoints, previous),
    routes,
    tables,
    filters,
  }
}

/** Every filter that a snapshot can run, each at least once: what `FilterInstances.retain` wants to know. */
export function* usedFilters(snapshot: Snapshot): Generator<Filter> {
  for (const frontend of new Set(snapshot.frontends.values())) yield* frontend.chain.filters
  for (const route of snapshot.routes.values()) {
    for (const rule of route.rules) {
      yield* rule.chain.filters
      for (const backend of rule.backends) if (backend.kind === 'service') yield* backend.chain.filters
    }
  }
}

// Without a Gateway, or with one that does not take Services, nothing is bound and every CONNECT is refused.
const boundServices = (model: Model): Model['services'] =>
  model.gateway !== undefined && (model.trafficType === 'service' || model.trafficType === 'all') ? model.services : []

const compileRoutes = (
  model: Model,
  previous: Snapshot | undefined,
  filters: FilterFactory,
): ReadonlyMap<string, RoutePlan> => {
  const regex = createRegexCompiler()
  const routes = new Map<string, RoutePlan>()
  for (const route of model.routes) {
    routes.set(route.key, compileRoute(route, { previous: previous?.routes.get(route.key), filters, regex }))
  }
  return routes
}

const keepTable = (previous: RouteTable | undefined, routes: readonly RoutePlan[]): RouteTable =>
  previous !== undefined &&
  previous.routes.length === routes.length &&
  previous.routes.every((route, index) => route === routes[index])
    ? previous
    : compileRouteTable(routes)

const compileGroups = (
  sets: readonly EndpointSet[],
  previous: Snapshot | undefined,
): ReadonlyMap<EndpointKey, EndpointGroup> => {
  const groups = new Map<EndpointKey, EndpointGroup>()
  for (const set of sets) {
    const group = previous?.groups.get(set.key)
    groups.set(set.key, group !== undefined && isEqual(group, set) ? group : set)
  }
  return groups
}
