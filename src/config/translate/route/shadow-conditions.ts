import type { Condition } from '../../../model/condition.ts'
import type { Ranked } from '../../../model/precedence.ts'
import type { Route } from '../../../model/route.ts'
import { findShadowed } from '../../../model/shadow.ts'
import type { Entry, RouteObject } from '../catalog.ts'
import { conditionOf } from '../conditions.ts'
import type { ClaimedParent } from './claim-parents.ts'
import { holdersOf, isProducer, type Attachments, type Claim, type KindRoutes } from './port-routes.ts'
import { rememberLast } from './remember-last.ts'

/** Rules of a route none of whose matches can ever win, by their position, each with one that wins in its place. */
type HiddenRules = ReadonlyMap<number, Ranked>

/** The hidden rules of each route of one set. */
type FindHidden = (set: string, routes: readonly Route[]) => ReadonlyMap<string, HiddenRules>

interface KnownSet {
  readonly routes: readonly Route[]
  readonly hidden: ReturnType<FindHidden>
}

/** Makes a finder that looks through a set of routes again only when one of them has changed. */
export const createHiddenRules = (): FindHidden => {
  // By their first routes: what is known of a set goes with those, whoever else has them.
  const known = new WeakMap<Route, Map<string, KnownSet>>()
  return (set, routes) => {
    const [first] = routes
    if (first === undefined) return noneHidden
    const ofFirst = known.get(first) ?? new Map<string, KnownSet>()
    const before = ofFirst.get(set)
    const isSame = before?.routes.length === routes.length && routes.every((route, i) => route === before.routes[i])
    if (isSame) return before.hidden
    const hidden = findHidden(routes)
    // A list that grew has room for sixteen more.
    known.set(first, ofFirst.set(set, { routes: routes.slice(), hidden }))
    return hidden
  }
}

/**
 * Tells of rules that are in force and can never match, since another rule takes precedence over them whenever they fit:
 * on every port that the route has of a parent.
 */
export const shadowConditions = (
  claimed: readonly {
    readonly key: string
    readonly entry: Entry<RouteObject>
    readonly parents: readonly ClaimedParent[]
  }[],
  scope: {
    readonly attachments: Attachments
    readonly routes: ReadonlyMap<string, Route>
    readonly findHidden: FindHidden
  },
): readonly Condition[] => {
  const hidingIn = rememberLast(findHiding(createSets(scope)))
  return claimed.flatMap(({ key, entry, parents }) =>
    hidingIn(parents).flatMap(({ parent, sets }): readonly Condition[] => {
      const [first, ...others] = sets.map((set) => set.get(key) ?? none)
      const everywhere = [...(first ?? [])].filter(
        ([index]) => isWhole(entry.object.rules[index]) && others.every((hidden) => hidden.has(index)),
      )
      const [rule] = everywhere
      if (rule === undefined) return []
      const path = entry.object.rules[rule[0]]?.path
      const message = formatHidden(everywhere)
      const verdict = { parent, type: 'Shadowed', status: 'True', reason: 'NeverMatches', message } as const
      return [conditionOf(entry, { ...verdict, ...(path === undefined ? {} : { path }) })]
    }),
  )
}

type HiddenSet = ReturnType<FindHidden>

/** The parents where rules are hidden, with the sets of all their ports. */
const findHiding =
  (setOf: (claim: Claim) => HiddenSet | undefined) =>
  (parents: readonly ClaimedParent[]): readonly { readonly parent: string; readonly sets: readonly HiddenSet[] }[] =>
    parents
      .map(({ parent, claims }) => ({ parent, sets: claims.flatMap((claim) => setOf(claim) ?? []) }))
      .filter(({ sets }) => sets.some((set) => set !== noneHidden))

const none: HiddenRules = new Map()
const noneHidden: HiddenSet = new Map()

/** Of a dropped rule enough is said, and what it would match is not known. */
const isWhole = (rule: RouteObject['rules'][number] | undefined): boolean => rule?.defects.length === 0

/** Finds the hidden rules of the routes that have the port that is claimed; `undefined` where the claimants have not got it. */
const createSets = ({
  attachments,
  routes,
  findHidden,
}: Parameters<typeof shadowConditions>[1]): ((claim: Claim) => HiddenSet | undefined) => {
  const sets = new Map<KindRoutes, HiddenSet>()
  return (claim) => {
    const holders = holdersOf(attachments, claim)
    if (holders === undefined || holders.kind !== claim.kind) return undefined
    let set = sets.get(holders)
    if (set === undefined) {
      set = findHidden(
        `${claim.key} ${isProducer(claim) ? '' : claim.namespace}`,
        [...holders.routes].flatMap((route) => routes.get(route) ?? []),
      )
      sets.set(holders, set)
    }
    return set
  }
}

const findHidden = (routes: readonly Route[]): ReadonlyMap<string, HiddenRules> => {
  const all = routes.flatMap((route) =>
    route.rules.map((rule) => rule.matches.map((match) => ({ match, route, ruleIndex: rule.index }))),
  )
  const shadowed = findShadowed<Ranked>(all.flat())
  if (shadowed.size === 0) return noneHidden
  const hidden = new Map<string, Map<number, Ranked>>()
  for (const matches of all) {
    const [first] = matches
    const winner = first === undefined ? undefined : shadowed.get(first)
    if (first === undefined || winner === undefined || !matches.every((match) => shadowed.has(match))) continue
    const ofRoute = hidden.get(first.route.key) ?? new Map<number, Ranked>()
    hidden.set(first.route.key, ofRoute.set(first.ruleIndex, winner))
  }
  return hidden
}

const formatHidden = (hidden: readonly (readonly [number, Ranked])[]): string => {
  const shown = hidden.slice(0, 5).map(([index, { route, ruleIndex }]) => {
    const winner = `${route.key.replace('/', ' ')} rules[${ruleIndex}]`
    return `rules[${index}] can never match: ${winner} takes precedence whenever it fits`
  })
  return [...shown, ...(hidden.length > 5 ? [`${hidden.length - 5} more`] : [])].join('; ')
}
