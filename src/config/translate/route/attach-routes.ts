import type { Condition } from '../../../model/condition.ts'
import type { Route } from '../../../model/route.ts'
import type { Entry, RouteObject } from '../catalog.ts'
import { conditionOf } from '../conditions.ts'
import { claimParents, formatLostPorts, lostPorts, refusalConditions, routeKey } from './claim-parents.ts'
import type { AnyRoute, ClaimedParent, ClaimScope } from './claim-parents.ts'
import { closeForRoute } from './close-routes.ts'
import { sharePorts, type Attachments } from './port-routes.ts'
import { attachedConditions } from './route-conditions.ts'
import type { BackendScope, BadRef } from './resolve-backend.ts'
import { translateRule } from './translate-rule.ts'

export interface AttachScope extends ClaimScope, Omit<BackendScope, 'onBadRef' | 'speaksTls'> {}

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
  return {
    routes: attached.flatMap(({ route }) => route ?? []),
    attachments,
    closedPorts: new Map(closing.flatMap(({ closedPorts }) => [...closedPorts])),
    conditions: [
      ...all.flatMap(({ entry, parents }) => refusalConditions(entry, parents)),
      ...[...attached, ...closing].flatMap(({ conditions }) => conditions),
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
  const badRefs: BadRef[] = []
  const route = translateRoute(entry.object, { ...scope, onBadRef: (bad) => void badRefs.push(bad) })
  for (const parent of new Set(winning)) conditions.push(...attachedConditions(entry, parent, badRefs))
  return { route, conditions }
}

/** GEP-1294 names the reason. */
const conflicted = { type: 'Accepted', status: 'False', reason: 'Conflicted' } as const
/** The route is in force on the parent's other ports, so it is accepted there. */
const partlyConflicted = { type: 'Conflicted', status: 'True', reason: 'Conflicted' } as const

const translateRoute = (object: RouteObject, scope: BackendScope): Route => {
  const { namespace, name, createdAtMs } = object.metadata
  return {
    key: routeKey(object),
    kind: object.kind,
    namespace,
    name,
    ...(createdAtMs === undefined ? {} : { createdAtMs }),
    rules: object.rules.map((rule, index) => translateRule(object, rule, { index, scope })),
  }
}
