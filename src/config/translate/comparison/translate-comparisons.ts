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
  const byRoute = Map.groupBy(places, ({ route }) => route)
  const effects = new Map(comparisons.map(({ object }) => [object, { mirrors: 0, lostTo: new Set<string>() }]))
  const compared = routes.map((route) => compareRoute(route, byRoute.get(route.key) ?? [], effects))
  return {
    routes: compared,
    conditions: found.flatMap(({ entry, targets }) =>
      [accepted(entry.object, targets), programmed(entry.object, effects.get(entry.object))].map((verdict) =>
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

/** What a MirrorComparison has come to. */
interface Effect {
  /** That it acts on. */
  mirrors: number
  /** Others that come first somewhere. */
  readonly lostTo: Set<string>
}

type Effects = ReadonlyMap<MirrorComparisonObject, Effect>

/** The first of the route's `places` that is about a rule decides; a route that nothing is about stays the very same object. */
const compareRoute = (route: Route, places: readonly Place[], effects: Effects): Route => {
  if (places.length === 0) return route
  const rules = route.rules.map((rule) => {
    const [first, ...others] = places.filter(({ sectionName: of }) => of === undefined || of === rule.name)
    const { length } = mirrorsOf(rule)
    if (first?.policy.settings === undefined || length === 0) return rule
    const { policy } = first
    const key = `${policy.metadata.namespace}/${policy.metadata.name}`
    for (const other of others) if (other.policy !== policy) effects.get(other.policy)?.lostTo.add(key)
    const effect = effects.get(policy)
    if (effect !== undefined) effect.mirrors += length
    return compareRule(rule, { key, ...first.policy.settings })
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

const programmed = ({ settings }: MirrorComparisonObject, effect: Effect | undefined): Verdict => {
  const type = 'Programmed'
  const none = 'no answers are compared'
  if (settings === undefined) return { type, status: 'False', reason: 'Invalid', message: none, path: 'spec' }
  const { mirrors = 0, lostTo = new Set() } = effect ?? {}
  const before = [...lostTo].join(', ')
  if (mirrors > 0) {
    const elsewhere = before === '' ? '' : `; of others ${before} decides`
    const message = `the answers of ${mirrors} ${mirrors === 1 ? 'mirror' : 'mirrors'} are compared${elsewhere}`
    return { type, status: 'True', reason: 'Programmed', message }
  }
  const path = 'spec.targetRefs'
  if (before === '') {
    const message = `${none}: what it names has no RequestMirror that leads somewhere`
    return { type, status: 'False', reason: 'NoMirror', message, path }
  }
  return {
    type,
    status: 'False',
    reason: 'Conflicted',
    message: `${none}: MirrorComparison ${before} comes first`,
    path,
  }
}
