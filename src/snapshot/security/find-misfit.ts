import type { PolicyField } from '../../model/security/authorization.ts'
import type { ConditionPlan, RulePlan } from './policy-plans.ts'
import type { RequestFacts } from './request-facts.ts'

/**
 * The first condition that keeps a rule from matching; `undefined` when it matches. Of several sources, or operations, none
 * of which holds, it is what the last one fails by.
 */
export const findMisfit = ({ from, to, when }: RulePlan, facts: RequestFacts): ConditionPlan | undefined =>
  misfitOfAny(from, facts) ?? misfitOfAny(to, facts) ?? misfitOfAll(when, facts)

/**
 * Whether a rule matches. The condition that is least likely to hold is tried first: of the rules that a request is tried
 * against hardly one gets further.
 */
export const matches = (rule: RulePlan, facts: RequestFacts): boolean =>
  (rule.telling === undefined || holds(rule.telling, facts)) && findMisfit(rule, facts) === undefined

/** How many requests a condition is likely to let through: the fewer, the lower. */
const likelihoods: { readonly [kind in PolicyField['kind']]?: number } = {
  'source.principal': 0,
  'request.path': 0,
  'request.headers': 0,
  'request.auth.principal': 0,
  'request.auth.claims': 0,
  'source.serviceAccount': 1,
  'request.host': 1,
  'source.namespace': 2,
  'request.method': 2,
}
const OTHERS = 3

/** Of the conditions without which a rule does not match the one that is least likely to hold; `undefined`: there is none. */
export const tellingOf = ({ from, to, when }: Pick<RulePlan, 'from' | 'to' | 'when'>): ConditionPlan | undefined => {
  let telling: ConditionPlan | undefined
  for (const list of [from.length === 1 ? from[0] : undefined, to.length === 1 ? to[0] : undefined, when]) {
    for (const condition of list ?? []) {
      if (condition.source.values.length === 0 || condition.source.values.includes('*')) continue
      if (telling === undefined || likelihoodOf(condition) < likelihoodOf(telling)) telling = condition
    }
  }
  return telling
}

const likelihoodOf = ({ source: { field, values } }: ConditionPlan): number =>
  (likelihoods[field.kind] ?? OTHERS) + (1 - 1 / values.length)

const misfitOfAny = (lists: readonly (readonly ConditionPlan[])[], facts: RequestFacts): ConditionPlan | undefined => {
  let misfit: ConditionPlan | undefined
  for (const list of lists) {
    misfit = misfitOfAll(list, facts)
    if (misfit === undefined) return undefined
  }
  return misfit
}

const misfitOfAll = (conditions: readonly ConditionPlan[], facts: RequestFacts): ConditionPlan | undefined => {
  for (const condition of conditions) if (!holds(condition, facts)) return condition
  return undefined
}

const holds = ({ anyOf, noneOf }: ConditionPlan, facts: RequestFacts): boolean =>
  (anyOf === undefined || anyOf(facts)) && (noneOf === undefined || !noneOf(facts))
