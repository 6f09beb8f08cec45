import type { Condition } from '../../../model/condition.ts'
import type { PathNormalization } from '../../../model/model.ts'
import type { Route } from '../../../model/route.ts'
import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import type { AnyRoute, Catalog, ConnectionRouteObject, Entry, RouteObject } from '../catalog.ts'
import { conditionOf, type Verdict } from '../conditions.ts'
import { createConnectionSets, type ConnectionSets } from '../connection/connection-sets.ts'
import { hiddenConnections } from '../connection/hidden-connections.ts'
import { translateConnectionRoute } from '../connection/translate-connection-route.ts'
import type { AddSessions } from '../backend-policy/route-sessions.ts'
import { createClaiming, formatLostPorts, lostPorts, refusalConditions, routeKey } from './claim-parents.ts'
import type { ClaimedParent, ClaimScope } from './claim-parents.ts'
import { sharePorts, type Attachments, type Claimant } from './port-routes.ts'
import { rememberLast } from './remember-last.ts'
import { bypassConditions } from './bypass-conditions.ts'
import type { BackendScope, BadRef } from './resolve-backend.ts'
import { attachedConditions } from './route-conditions.ts'
import type { RouteLookups, RouteMemory } from './route-memory.ts'
import { shadowConditions, type createHiddenRules } from './shadow/shadow-conditions.ts'

export interface AttachScope extends ClaimScope, Pick<BackendScope, 'onBackend' | 'clusterDomain'> {
  readonly lookups: RouteLookups
  readonly memory: RouteMemory
  readonly findHidden: ReturnType<typeof createHiddenRules>
  readonly addSessions: AddSessions
  readonly pathNormalization: PathNormalization
}

export interface Attached {
  /** Those that act on the requests of at least one port, in no order. */
  readonly routes: readonly Route[]
  readonly byKey: ReadonlyMap<string, Route>
  readonly attachments: Attachments
  /** What acts on the connections of a port that such routes have. */
  readonly setOf: ConnectionSets
  readonly conditions: readonly Condition[]
}

/**
 * Attaches routes: all of them, or all that have to do with some Services. First each says which ports it wants, then the
 * kinds of routes decide who gets them, and only then is there something to say to each route.
 */
export const attachRoutes = (
  { routes: ofCatalog, connectionRoutes }: Pick<Catalog, 'routes' | 'connectionRoutes'>,
  scope: AttachScope,
): Attached => {
  const { memory, lookups, clusterDomain, findHidden, addSessions, pathNormalization } = scope
  const claimed = claimAll(ofCatalog, scope)
  const connecting = claimAll(connectionRoutes, scope)
  const all: readonly Claimed<AnyRoute>[] = [...claimed, ...connecting]
  const attachments = sharePorts(all)
  const attaching = { settle: rememberLast(settleIn(attachments)), onBackend: scope.onBackend }
  const ofRequests = attachAll(claimed, {
    ...attaching,
    translate: (object: RouteObject) => memory.translate(object, lookups),
    tell: memory.conditions,
  })
  const ofConnections = attachAll(connecting, {
    ...attaching,
    translate: (object: ConnectionRouteObject) =>
      translateConnectionRoute(object, { services: lookups.services, hosts: lookups.hosts, clusterDomain }),
    tell: (entry, parent, { badRefs }) => attachedConditions(entry, parent, badRefs),
  })
  const routes = ofRequests.attached.map(({ route }) => addSessions(route))
  const setOf = createConnectionSets(ofConnections.attached)
  const byKey = new Map(routes.map((route) => [route.key, route]))
  return {
    routes,
    byKey,
    attachments,
    setOf,
    conditions: [
      ...all.flatMap(({ entry, parents }) => refusalConditions(entry, parents)),
      ...ofRequests.conditions,
      ...ofConnections.conditions,
      ...shadowConditions(claimed, { attachments, routes: byKey, findHidden, pathNormalization }),
      ...bypassConditions(claimed, attachments),
      ...hiddenConnections(connecting, { attachments, setOf }),
    ],
  }
}

interface Claimed<T extends AnyRoute> extends Claimant {
  readonly entry: Entry<T>
  readonly parents: readonly ClaimedParent[]
}

const claimAll = <T extends AnyRoute>(entries: readonly Entry<T>[], scope: ClaimScope): readonly Claimed<T>[] => {
  const claim = createClaiming(scope)
  return entries.map((entry) => ({ key: routeKey(entry.object), entry, parents: claim(entry.object) }))
}

/** What the parents of a route are told of ports that it has not got, and those where it has any. */
interface Settled {
  readonly lost: readonly Verdict[]
  readonly winning: readonly string[]
}

const settleIn =
  (attachments: Attachments) =>
  (parents: readonly ClaimedParent[]): Settled => {
    const lost: Verdict[] = []
    const winning = new Set<string>()
    for (const claimed of parents) {
      const { parent, path, claims } = claimed
      const ports = lostPorts(claimed, attachments)
      if (ports.length < claims.length) winning.add(parent)
      if (ports.length === 0) continue
      const verdict = ports.length === claims.length ? conflicted : partlyConflicted
      lost.push({ parent, ...verdict, message: formatLostPorts(ports), path })
    }
    return { lost, winning: [...winning] }
  }

/** What a route's references came to. */
interface Translated {
  readonly badRefs: readonly BadRef[]
  readonly backends: readonly (readonly [ServiceObject, ServicePortObject])[]
}

interface Attaching<T extends AnyRoute, R extends Translated> extends Pick<BackendScope, 'onBackend'> {
  readonly settle: (parents: readonly ClaimedParent[]) => Settled
  readonly translate: (object: T) => R
  /** What a parent is told that the route is attached to. */
  readonly tell: (entry: Entry<T>, parent: string, translated: R) => readonly Condition[]
}

/**
 * The routes that have a port, and what all parents are told. There are thousands, and most are as they were: what
 * iterators leave behind would be a good part of all that a change of one of them allocates.
 */
const attachAll = <T extends AnyRoute, R extends Translated>(
  claimed: readonly Claimed<T>[],
  { settle, translate, tell, onBackend }: Attaching<T, R>,
): { readonly attached: readonly R[]; readonly conditions: readonly Condition[] } => {
  const attached: R[] = []
  const conditions: Condition[] = []
  let reported: R['backends'] | undefined
  const keep = (condition: Condition): void => void conditions.push(condition)
  claimed.forEach(({ entry, parents }) => {
    const { lost, winning } = settle(parents)
    lost.forEach((verdict) => keep(conditionOf(entry, verdict)))
    if (winning.length === 0) return
    const translated = translate(entry.object)
    attached.push(translated)
    if (translated.backends !== reported) translated.backends.forEach(([service, port]) => onBackend(service, port))
    reported = translated.backends
    winning.forEach((parent) => tell(entry, parent, translated).forEach(keep))
  })
  return { attached, conditions }
}

/** GEP-1294 names the reason. */
const conflicted = { type: 'Accepted', status: 'False', reason: 'Conflicted' } as const
/** The route is in force on the parent's other ports, so it is accepted there. */
const partlyConflicted = { type: 'Conflicted', status: 'True', reason: 'Conflicted' } as const
