/** Finds the mirrors that MirrorComparisons are about, after everything else has been translated: without any of them nobody pays. */
import type { Condition } from '../../../model/condition.ts'
import type { MirrorComparison } from '../../../model/comparison/mirror-comparison.ts'
import type { Backend, Mirror, Route, Rule } from '../../../model/route.ts'
import type { MirrorComparisonObject } from '../../objects/mirror-comparison.ts'
import type { Entry } from '../catalog.ts'
import { conditionOf, type Verdict } from '../conditions.ts'
import { findFilterTargets, type TargetScope } from '../filter/filter-targets.ts'
import { comparePrecedence, type TargetFault } from '../policy/find-targets.ts'
import { acceptedVerdict } from '../policy/target-conditions.ts'

const GATEWAY_API = 'gateway.networking.k8s.io'

/** A route, or a rule of it, that a MirrorComparison names. */
interface Place {
  readonly policy: MirrorComparisonObject
  readonly route: string
  /** `HTTPRoute shop/api#reads` */
  readonly name: string
  /** The name of the rule. */
  readonly sectionName: string | undefined
}

/** What comparisons come to: routes whose mirrors have them, and what is to be said of the objects. */
export interface TranslatedComparisons {
  readonly routes: readonly Route[]
  readonly conditions: readonly Condition[]
}

/** Puts `comparisons` at the mirrors of `routes` that they name. */
export const translateComparisons = (
  comparisons: readonly Entry<MirrorComparisonObject>[],
  routes: readonly Route[],
  scope: TargetScope,
): TranslatedComparisons => {
  if (comparisons.length === 0) return { routes, conditions: [] }
  const found = comparisons.map((entry) => ({ entry, targets: findPlaces(entry.object, scope) }))
  const places = found
    .flatMap(({ targets }) => targets.flatMap((target) => ('policy' in target ? [target] : [])))
    .filter(({ policy }) => policy.settings !== undefined)
    .toSorted(comparePrecedence)
  /** Those that act on some mirror. */
  const acting = new Map<MirrorComparisonObject, number>()
  const compared = routes.map((route) => compareRoute(route, places, acting))
  return {
    routes: compared,
    conditions: found.flatMap(({ entry, targets }) =>
      [accepted(entry.object, targets), programmed(entry.object, acting.get(entry.object) ?? 0)].map((verdict) =>
        conditionOf(entry, verdict),
      ),
    ),
  }
}

const findPlaces = (policy: MirrorComparisonObject, scope: TargetScope): readonly (Place | TargetFault)[] =>
  policy.targetRefs.flatMap((ref): readonly (Place | TargetFault)[] => {
    const { group, kind, sectionName, path } = ref
    if (group !== GATEWAY_API || (kind !== 'HTTPRoute' && kind !== 'GRPCRoute')) {
      const written = group === '' ? kind : `${group}/${kind}`
      const message = `a target of kind ${written} is not supported: mirrors stand in HTTPRoutes and GRPCRoutes of group ${GATEWAY_API}`
      return [{ reason: 'Invalid', message, path }]
    }
    return findFilterTargets({ metadata: policy.metadata, targetRefs: [ref] }, scope).flatMap(
      (target): readonly (Place | TargetFault)[] => {
        if ('reason' in target) return [target]
        return target.kind === 'route' ? [{ policy, route: target.key, name: target.name, sectionName }] : []
      },
    )
  })

/** The first of `places` that is about a rule decides; a route without mirrors stays the very same object. */
const compareRoute = (route: Route, places: readonly Place[], acting: Map<MirrorComparisonObject, number>): Route => {
  const own = places.filter((place) => place.route === route.key)
  if (own.length === 0) return route
  const rules = route.rules.map((rule) => {
    const place = own.find(({ sectionName }) => sectionName === undefined || sectionName === rule.name)
    const count = mirrorsOf(rule).length
    if (place?.policy.settings === undefined || count === 0) return rule
    const { policy } = place
    acting.set(policy, (acting.get(policy) ?? 0) + count)
    const { namespace, name } = policy.metadata
    return compareRule(rule, { key: `${namespace}/${name}`, ...place.policy.settings })
  })
  return { ...route, rules }
}

const mirrorsOf = ({ mirrors = [], backends }: Rule): readonly Mirror[] => [
  ...mirrors,
  ...backends.flatMap((backend) => (backend.kind === 'service' ? (backend.mirrors ?? []) : [])),
]

const compareRule = (rule: Rule, comparison: MirrorComparison): Rule => {
  const compare = <T extends { readonly mirrors?: readonly Mirror[] }>(it: T): T =>
    it.mirrors === undefined ? it : { ...it, mirrors: it.mirrors.map((mirror) => ({ ...mirror, comparison })) }
  const backends = rule.backends.map((backend): Backend => (backend.kind === 'service' ? compare(backend) : backend))
  return compare({ ...rule, backends })
}

const accepted = ({ defects }: MirrorComparisonObject, targets: readonly (Place | TargetFault)[]): Verdict => {
  const faults = targets.flatMap((target) => ('reason' in target ? [target] : []))
  const names = targets.flatMap((target) => ('name' in target ? [target.name] : []))
  return acceptedVerdict(defects, faults, `it is about ${names.join(', ')}`)
}

const programmed = ({ settings }: MirrorComparisonObject, mirrors: number): Verdict => {
  const type = 'Programmed'
  if (settings === undefined)
    return { type, status: 'False', reason: 'Invalid', message: 'no answers are compared', path: 'spec' }
  if (mirrors > 0) {
    const message = `the answers of ${mirrors} ${mirrors === 1 ? 'mirror' : 'mirrors'} are compared`
    return { type, status: 'True', reason: 'Programmed', message }
  }
  const message =
    'no answers are compared: what it names has no RequestMirror that leads somewhere, or another MirrorComparison comes first'
  return { type, status: 'False', reason: 'NoMirror', message, path: 'spec.targetRefs' }
}
