import type { Condition } from '../../../model/condition.ts'
import type { Route } from '../../../model/route.ts'
import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import type { AnyRoute, ConnectionRouteObject, Entry, RouteObject } from '../catalog.ts'
import { conditionOf } from '../conditions.ts'
import { createConnectionSets, type ConnectionSets } from '../connection/connection-sets.ts'
import { hiddenConnections } from '../connection/hidden-connections.ts'
import { translateConnectionRoute } from '../connection/translate-connection-route.ts'
import { claimParents, formatLostPorts, lostPorts, refusalConditions } from './claim-parents.ts'
import type { ClaimedParent, ClaimScope } from './claim-parents.ts'
import { sharePorts, type Attachments } from './port-routes.ts'
import type { BackendScope, BadRef } from './resolve-backend.ts'
import { attachedConditions } from './route-conditions.ts'
import type { RouteLookups, RouteMemory } from './route-memory.ts'
import { shadowConditions, type createHiddenRules } from './shadow-conditions.ts'

export interface AttachScope extends ClaimScope, Pick<BackendScope, 'onBackend' | 'clusterDomain'> {
  readonly lookups: RouteLookups
  readonly memory: RouteMemory
  readonly findHidden: ReturnType<typeof createHiddenRules>
}

export interface Attached {
  /** Those that act on the requests of at least one port, in no order. */
  readonly routes: readonly Route[]
  readonly attachments: Attachments
  /** What acts on the connections of a port that such routes have. */
  readonly setOf: ConnectionSets
  readonly conditions: readonly Condition[]
}

/**
 * Attaches all routes. First each says which ports it wants, then the kinds of routes decide who gets them, and only
 * then is there something to say to each route.
 */
export const attachRoutes = (scope: AttachScope): Attached => {
  const { catalog, memory, lookups, clusterDomain, findHidden } = scope
  const claimed = claimAll(catalog.routes, scope)
  const connecting = claimAll(catalog.connectionRoutes, scope)
  const all: readonly Claimed<AnyRoute>[] = [...claimed, ...connecting]
  const attachments = sharePorts(all.flatMap(({ parents }) => parents.flatMap(({ claims }) => claims)))
  const ofRequests = claimed.map((route) =>
    attachRoute(route, attachments, {
      scope,
      translate: (object: RouteObject) => memory.translate(object, lookups),
      tell: memory.conditions,
    }),
  )
  const ofConnections = connecting.map((route) =>
    attachRoute(route, attachments, {
      scope,
      translate: (object: ConnectionRouteObject) =>
        translateConnectionRoute(object, { services: lookups.services, clusterDomain }),
      tell: (entry, parent, { badRefs }) => attachedConditions(entry, parent, badRefs),
    }),
  )
  const routes = ofRequests.flatMap(({ translated }) => translated?.route ?? [])
  const setOf = createConnectionSets(ofConnections.flatMap(({ translated }) => translated ?? []))
  const byKey = new Map(routes.map((route) => [route.key, route]))
  return {
    routes,
    attachments,
    setOf,
    conditions: [
      ...all.flatMap(({ entry, parents }) => refusalConditions(entry, parents)),
      ...[...ofRequests, ...ofConnections].flatMap(({ conditions }) => conditions),
      ...shadowConditions(claimed, { attachments, routes: byKey, findHidden }),
      ...hiddenConnections(connecting, { attachments, setOf }),
    ],
  }
}

interface Claimed<T extends AnyRoute> {
  readonly entry: Entry<T>
  readonly parents: readonly ClaimedParent[]
}

const claimAll = <T extends AnyRoute>(entries: readonly Entry<T>[], scope: ClaimScope): readonly Claimed<T>[] =>
  entries.map((entry) => ({ entry, parents: claimParents(entry, scope) }))

/** What a route's references came to. */
interface Translated {
  readonly badRefs: readonly BadRef[]
  readonly backends: readonly (readonly [ServiceObject, ServicePortObject])[]
}

interface Attaching<T extends AnyRoute, R extends Translated> {
  readonly scope: AttachScope
  readonly translate: (object: T) => R
  /** What a parent is told that the route is attached to. */
  readonly tell: (entry: Entry<T>, parent: string, translated: R) => readonly Condition[]
}

/** The route when it has a port, and what the parents that it is attached to are told. */
const attachRoute = <T extends AnyRoute, R extends Translated>(
  { entry, parents }: Claimed<T>,
  attachments: Attachments,
  { scope, translate, tell }: Attaching<T, R>,
): { readonly translated: R | undefined; readonly conditions: readonly Condition[] } => {
  const conditions: Condition[] = []
  const winning: string[] = []
  for (const claimedParent of parents) {
    const { parent, path, claims } = claimedParent
    const lost = lostPorts(claimedParent, attachments)
    if (lost.length < claims.length) winning.push(parent)
    if (lost.length === 0) continue
    const verdict = lost.length === claims.length ? conflicted : partlyConflicted
    conditions.push(conditionOf(entry, { parent, ...verdict, message: formatLostPorts(lost), path }))
  }
  if (winning.length === 0) return { translated: undefined, conditions }
  const translated = translate(entry.object)
  for (const [service, port] of translated.backends) scope.onBackend(service, port)
  winning.forEach((parent, index) => {
    if (winning.indexOf(parent) === index) conditions.push(...tell(entry, parent, translated))
  })
  return { translated, conditions }
}

/** GEP-1294 names the reason. */
const conflicted = { type: 'Accepted', status: 'False', reason: 'Conflicted' } as const
/** The route is in force on the parent's other ports, so it is accepted there. */
const partlyConflicted = { type: 'Conflicted', status: 'True', reason: 'Conflicted' } as const
