import { isEqual } from '../../../lib/is-equal.ts'
import type { Condition } from '../../../model/condition.ts'
import type { Route } from '../../../model/route.ts'
import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import type { Entry, RouteObject } from '../catalog.ts'
import type { ResolvedFilters } from '../filter/resolve-filters.ts'
import { createMemory, type Hold, type Lookup } from '../memory.ts'
import { routeKey } from './claim-parents.ts'
import type { BackendScope, BadRef } from './resolve-backend.ts'
import { attachedConditions } from './route-conditions.ts'
import { translateRule } from './translate-rule.ts'

/** A route, and all that its references came to. */
export interface TranslatedRoute {
  readonly route: Route
  readonly badRefs: readonly BadRef[]
  readonly backends: readonly (readonly [ServiceObject, ServicePortObject])[]
  /** What its parents were told, as far as the memory kept it. */
  told: readonly Condition[]
}

/** Translates routes, each once for as long as nothing changes that it refers to. */
export interface RouteMemory {
  readonly translate: (object: RouteObject, seen: RouteLookups) => TranslatedRoute
  /** What a parent is told that the route is attached to. */
  readonly conditions: (entry: Entry<RouteObject>, parent: string, translated: TranslatedRoute) => readonly Condition[]
}

/** What the references of routes are looked up in. */
// A type and not an interface: only those have an index signature of their own accord.
export type RouteLookups = {
  readonly services: BackendScope['services']
  readonly hosts: BackendScope['hosts']
  /** True for Service ports whose applications speak TLS as a BackendTLSPolicy says, by `NAMESPACE/NAME:PORT`. */
  readonly tls: Lookup<true>
  readonly filters: ResolvedFilters
}

/** Makes the memory for one set of options. */
export const createRouteMemory = (clusterDomain: string, hold?: Hold<TranslatedRoute>): RouteMemory => {
  const remember = createMemory<TranslatedRoute, RouteLookups>(hold)
  let last: TranslatedRoute | undefined
  return {
    translate: (object, lookups) =>
      remember(object, lookups, (seen) => {
        last = shareBackends(translateRoute(object, seen, clusterDomain), last)
        return last
      }),
    conditions: (entry, parent, translated) => {
      const known = translated.told
      const before = conditionsAbout(parent, known)
      if (before.length > 0) return before
      const conditions = attachedConditions(entry, parent, translated.badRefs)
      // Those with a position are of one place, and the next time the object may stand elsewhere.
      if (conditions.every(({ position }) => position === undefined)) {
        // A copy is as long as it has to be.
        translated.told = known.concat(conditions).slice()
      }
      return conditions
    },
  }
}

const noConditions: readonly Condition[] = []

/** Most routes have one parent, and its conditions are all there are. */
const conditionsAbout = (parent: string, conditions: readonly Condition[]): readonly Condition[] =>
  conditions.every((condition) => condition.parent === parent)
    ? conditions
    : conditions.filter((condition) => condition.parent === parent)

/** Neighbouring routes often send to the same Services: what is equal is there once. */
const shareBackends = (translated: TranslatedRoute, last: TranslatedRoute | undefined): TranslatedRoute => {
  if (last === undefined) return translated
  const { route, backends } = translated
  const rules = route.rules.map((rule, index) => {
    const other = last.route.rules[index]
    if (other === undefined) return rule
    return { ...rule, filters: like(rule.filters, other.filters), backends: like(rule.backends, other.backends) }
  })
  const isSame =
    backends.length === last.backends.length &&
    backends.every(([service, port], i) => service === last.backends[i]?.[0] && port === last.backends[i]?.[1])
  return { ...translated, route: { ...route, rules }, backends: isSame ? last.backends : backends }
}

const like = <T>(list: readonly T[], other: readonly T[]): readonly T[] => (isEqual(list, other) ? other : list)

const noBadRefs: readonly BadRef[] = []

const translateRoute = (
  object: RouteObject,
  { services, hosts, tls, filters }: RouteLookups,
  clusterDomain: string,
): TranslatedRoute => {
  const { namespace, name, createdAtMs } = object.metadata
  const badRefs: BadRef[] = []
  const backends: (readonly [ServiceObject, ServicePortObject])[] = []
  const scope: BackendScope = {
    services,
    hosts,
    filters,
    clusterDomain,
    onBackend: (service, port) => void backends.push([service, port]),
    onBadRef: (bad) => void badRefs.push(bad),
    speaksTls: ({ metadata }, { port }) => tls.get(`${metadata.namespace}/${metadata.name}:${port}`) === true,
  }
  const route: Route = {
    key: routeKey(object),
    kind: object.kind,
    namespace,
    name,
    ...(createdAtMs === undefined ? {} : { createdAtMs }),
    rules: object.rules.map((rule, index) => translateRule(object, rule, { index, scope })),
  }
  // Lists that grew have room for sixteen more.
  const refs = { badRefs: badRefs.length === 0 ? noBadRefs : badRefs.slice(), backends: backends.slice() }
  return { route, ...refs, told: noConditions }
}
