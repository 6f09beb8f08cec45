import type { Condition } from '../../../../model/condition.ts'
import type { PathNormalization } from '../../../../model/model.ts'
import type { Ranked } from '../../../../model/precedence.ts'
import type { Route } from '../../../../model/route.ts'
import { findShadowed } from '../../../../model/shadow.ts'
import type { Entry, RouteObject } from '../../catalog.ts'
import { conditionOf } from '../../conditions.ts'
import type { ClaimedParent } from '../claim-parents.ts'
import { holdersOf, isProducer, type Attachments, type Claim, type KindRoutes } from '../port-routes.ts'
import { rememberLast } from '../remember-last.ts'
import { findUnfit, type UnfitRules } from './unfit-rules.ts'

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
 * Tells of rules that are in force and can never match, since nothing fits them, or another rule takes precedence over
 * them whenever they fit: on every port that the route has of a parent.
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
    readonly pathNormalization: PathNormalization
  },
): readonly Condition[] => {
  const held = rememberLast(findHeld(createSets(scope)))
  const hiding = rememberLast((parents: readonly ClaimedParent[]) =>
    held(parents).filter(({ sets }) => sets.some((set) => set !== noneHidden)),
  )
  return claimed.flatMap(({ key, entry, parents }) => {
    const unfit = findUnfit(entry.object, scope.pathNormalization)
    return (unfit.size === 0 ? hiding : held)(parents).flatMap(({ parent, sets }): readonly Condition[] => {
      const [first, ...others] = sets.map((set) => set.get(key) ?? none)
      const everywhere = [...(first ?? [])].filter(([index]) => others.every((hidden) => hidden.has(index)))
      const told = reasonsOf(unfit, everywhere).filter(([index]) => isWhole(entry.object.rules[index]))
      const [rule] = told
      if (rule === undefined) return []
      const path = entry.object.rules[rule[0]]?.path
      const message = formatNever(told)
      const verdict = { parent, type: 'Shadowed', status: 'True', reason: 'NeverMatches', message } as const
      return [conditionOf(entry, { ...verdict, ...(path === undefined ? {} : { path }) })]
    })
  })
}

/** Why rules never match, by their position and in its order. What nothing fits is hidden by nobody. */
const reasonsOf = (
  unfit: UnfitRules,
  hidden: readonly (readonly [number, Ranked])[],
): readonly (readonly [number, string])[] => {
  const reasons = new Map(unfit)
  for (const [index, { route, ruleIndex }] of hidden) {
    const winner = `${route.key.replace('/', ' ')} rules[${ruleIndex}]`
    if (!reasons.has(index)) reasons.set(index, `${winner} takes precedence whenever it fits`)
  }
  return [...reasons].toSorted(([a], [b]) => a - b)
}

type HiddenSet = ReturnType<FindHidden>

/** The parents where the route has ports, with the sets of all of these. */
const findHeld =
  (setOf: (claim: Claim) => HiddenSet | undefined) =>
  (parents: readonly ClaimedParent[]): readonly { readonly parent: string; readonly sets: readonly HiddenSet[] }[] =>
    parents
      .map(({ parent, claims }) => ({ parent, sets: claims.flatMap((claim) => setOf(claim) ?? []) }))
      .filter(({ sets }) => sets.length > 0)

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

const formatNever = (told: readonly (readonly [number, string])[]): string => {
  const shown = told.slice(0, 5).map(([index, why]) => `rules[${index}] can never match: ${why}`)
  return [...shown, ...(told.length > 5 ? [`${told.length - 5} more`] : [])].join('; ')
}
