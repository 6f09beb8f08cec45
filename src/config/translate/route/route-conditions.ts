import type { Condition } from '../../../model/condition.ts'
import type { Entry, RouteObject } from '../catalog.ts'
import { conditionOf, formatFaults } from '../conditions.ts'
import type { BadRef } from './resolve-backend.ts'

/**
 * What a route's parent is told once the route is attached (Gateway API's route conditions): accepted when at least
 * one rule can be carried out, PartiallyInvalid when others cannot.
 */
export const attachedConditions = (
  route: Entry<RouteObject>,
  parent: string,
  badRefs: readonly BadRef[],
): readonly Condition[] => {
  const closed = route.object.rules.filter((rule) => rule.defects.length > 0)
  const defect = closed[0]?.defects[0]
  const faults = `Dropped Rule: ${closed.length} of ${route.object.rules.length} rules, their requests are answered 500: ${formatFaults(closed.flatMap((rule) => rule.defects))}`
  const at = defect?.path === undefined ? {} : { path: defect.path }
  const conditions = [resolvedRefs(route, parent, badRefs)]
  if (defect === undefined) {
    return [
      conditionOf(route, {
        parent,
        type: 'Accepted',
        status: 'True',
        reason: 'Accepted',
        message: 'every rule is in force',
      }),
      ...conditions,
    ]
  }
  if (closed.length === route.object.rules.length) {
    const { reason } = defect
    return [
      conditionOf(route, { parent, type: 'Accepted', status: 'False', reason, message: faults, ...at }),
      ...conditions,
    ]
  }
  const message = `${route.object.rules.length - closed.length} of ${route.object.rules.length} rules are in force`
  return [
    conditionOf(route, { parent, type: 'Accepted', status: 'True', reason: 'Accepted', message }),
    conditionOf(route, {
      parent,
      type: 'PartiallyInvalid',
      status: 'True',
      reason: 'UnsupportedValue',
      message: faults,
      ...at,
    }),
    ...conditions,
  ]
}

const resolvedRefs = (route: Entry<RouteObject>, parent: string, badRefs: readonly BadRef[]): Condition => {
  const [first] = badRefs
  if (first === undefined) {
    const message = 'every backend was found'
    return conditionOf(route, { parent, type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', message })
  }
  const { reason, path } = first
  const message = formatFaults(badRefs)
  return conditionOf(route, { parent, type: 'ResolvedRefs', status: 'False', reason, message, path })
}
