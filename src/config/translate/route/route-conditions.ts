import type { Condition } from '../../../model/condition.ts'
import type { AnyRoute, Entry } from '../catalog.ts'
import { aboutParent, conditionOf, formatFaults, type Verdict } from '../conditions.ts'
import type { BadRef } from './resolve-backend.ts'

/**
 * What a route's parent is told once the route is attached (Gateway API's route conditions): accepted when at least
 * one rule can be carried out, PartiallyInvalid when others cannot.
 */
export const attachedConditions = (
  route: Entry<AnyRoute>,
  parent: string,
  badRefs: readonly BadRef[],
): readonly Condition[] => {
  const rules = countedRules(route.object)
  const closed = rules.filter((rule) => rule.defects.length > 0)
  const defect = closed[0]?.defects[0]
  const faults = `Dropped Rule: ${closed.length} of ${rules.length} rules, ${answerOf(route.object)}: ${formatFaults(closed.flatMap((rule) => rule.defects))}`
  const at = defect?.path === undefined ? {} : { path: defect.path }
  const about = aboutParent(route.object, parent)
  const whom = forWhom(route.object, about.parentRef?.namespace)
  const say = (verdict: Verdict): Condition => ({ ...conditionOf(route, { parent, ...verdict }), ...about })
  const conditions = [say(resolvedRefs(badRefs))]
  if (defect === undefined) {
    return [
      say({
        type: 'Accepted',
        status: 'True',
        reason: 'Accepted',
        message: `every rule is in force${whom}${withoutEffect(route.object)}`,
      }),
      ...conditions,
    ]
  }
  if (closed.length === rules.length) {
    const { reason } = defect
    return [say({ type: 'Accepted', status: 'False', reason, message: faults, ...at }), ...conditions]
  }
  const message = `${rules.length - closed.length} of ${rules.length} rules are in force${whom}${withoutEffect(route.object)}`
  return [
    say({ type: 'Accepted', status: 'True', reason: 'Accepted', message }),
    say({
      type: 'PartiallyInvalid',
      status: 'True',
      reason: 'UnsupportedValue',
      message: faults,
      ...at,
    }),
    ...conditions,
  ]
}

/** Beside the Service a route is for everybody, elsewhere for its neighbours alone (GEP-1294), which somebody may not have meant. */
const forWhom = ({ metadata: { namespace } }: AnyRoute, home = namespace): string =>
  home === namespace
    ? ''
    : `, for clients of namespace ${namespace} alone; for all of them a route has to be in namespace ${home}`

/** What makes no difference is no fault of the route's: PartiallyInvalid is for rules that are not carried out. */
const withoutEffect = ({ notes = [] }: AnyRoute): string => (notes.length === 0 ? '' : `; ${formatFaults(notes)}`)

/** Connections are those of the first rule, whatever is written after it. */
const countedRules = ({ kind, rules }: AnyRoute): AnyRoute['rules'] =>
  kind === 'TCPRoute' || kind === 'TLSRoute' ? rules.slice(0, 1) : rules

const answerOf = ({ kind }: AnyRoute): string =>
  kind === 'TCPRoute' || kind === 'TLSRoute' ? 'their connections are refused' : 'their requests are answered 500'

const resolvedRefs = (badRefs: readonly BadRef[]): Verdict => {
  const [first] = badRefs
  if (first === undefined) {
    return { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', message: 'every backend was found' }
  }
  const { reason, path } = first
  return { type: 'ResolvedRefs', status: 'False', reason, message: formatFaults(badRefs), path }
}
