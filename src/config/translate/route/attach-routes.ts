import type { Condition } from '../../../model/condition.ts'
import type { Route } from '../../../model/route.ts'
import type { Entry, RouteObject } from '../catalog.ts'
import { conditionOf } from '../conditions.ts'
import { claimParents, formatLostPorts, lostPorts, refusalConditions } from './claim-parents.ts'
import type { AnyRoute, ClaimedParent, ClaimScope } from './claim-parents.ts'
import { closeForRoute } from './close-routes.ts'
import { sharePorts, type Attachments } from './port-routes.ts'
import type { BackendScope } from './resolve-backend.ts'
import type { RouteLookups, RouteMemory } from './route-memory.ts'
import { shadowConditions, type createHiddenRules } from './shadow-conditions.ts'

export interface AttachScope extends ClaimScope, Pick<BackendScope, 'onBackend'> {
  readonly lookups: RouteLookups
  readonly memory: RouteMemory
  readonly findHidden: ReturnType<typeof createHiddenRules>
}

export interface Attached {
  /** Those that act on at least one port, in no order. */
  readonly routes: readonly Route[]
  readonly attachments: Attachments
  /** Reasons why Service ports are closed, by `NAMESPACE/NAME:PORT`. */
  readonly closedPorts: ReadonlyMap<string, string>
  readonly conditions: readonly Condition[]
}

/**
 * Attaches all routes. First each says which ports it wants, then the kinds of routes decide who gets them, and only
 * then is there something to say to each route.
 */
export const attachRoutes = (scope: AttachScope): Attached => {
  const claimed = claimAll(scope.catalog.routes, scope)
  const unimplemented = claimAll(scope.catalog.unimplementedRoutes, scope)
  const all: readonly Claimed<AnyRoute>[] = [...claimed, ...unimplemented]
  const attachments = sharePorts(all.flatMap(({ parents }) => parents.flatMap(({ claims }) => claims)))
  const attached = claimed.map((route) => attachRoute(route, attachments, scope))
  const closing = unimplemented.map(({ entry, parents }) => closeForRoute(entry, parents, attachments))
  const routes = attached.flatMap(({ route }) => route ?? [])
  const byKey = new Map(routes.map((route) => [route.key, route]))
  return {
    routes,
    attachments,
    closedPorts: new Map(closing.flatMap(({ closedPorts }) => [...closedPorts])),
    conditions: [
      ...all.flatMap(({ entry, parents }) => refusalConditions(entry, parents)),
      ...[...attached, ...closing].flatMap(({ conditions }) => conditions),
      ...shadowConditions(claimed, { attachments, routes: byKey, findHidden: scope.findHidden }),
    ],
  }
}

interface Claimed<T extends AnyRoute> {
  readonly entry: Entry<T>
  readonly parents: readonly ClaimedParent[]
}

const claimAll = <T extends AnyRoute>(entries: readonly Entry<T>[], scope: ClaimScope): readonly Claimed<T>[] =>
  entries.map((entry) => ({ entry, parents: claimParents(entry, scope) }))

/** The route when it has a port, and what the parents that it is attached to are told. */
const attachRoute = (
  { entry, parents }: Claimed<RouteObject>,
  attachments: Attachments,
  scope: AttachScope,
): { readonly route: Route | undefined; readonly conditions: readonly Condition[] } => {
  const conditions: Condition[] = []
  const winning: string[] = []
  for (const claimedParent of parents) {
    const { parent, path, claims } = claimedParent
    const lost = lostPorts(claimedParent, attachments)
    if (lost.length < claims.length) winning.push(parent)
    if (lost.length === 0) continue
    const verdict = lost.length === claims.length ? conflicted : partlyConflicted
    const message = formatLostPorts(entry.object.kind, lost)
    conditions.push(conditionOf(entry, { parent, ...verdict, message, path }))
  }
  if (winning.length === 0) return { route: undefined, conditions }
  const translated = scope.memory.translate(entry.object, scope.lookups)
  for (const [service, port] of translated.backends) scope.onBackend(service, port)
  for (const parent of new Set(winning)) conditions.push(...scope.memory.conditions(entry, parent, translated))
  return { route: translated.route, conditions }
}

/** GEP-1294 names the reason. */
const conflicted = { type: 'Accepted', status: 'False', reason: 'Conflicted' } as const
/** The route is in force on the parent's other ports, so it is accepted there. */
const partlyConflicted = { type: 'Conflicted', status: 'True', reason: 'Conflicted' } as const
