import type { ConditionPlan, RulePlan } from './policy-plans.ts'
import type { RequestFacts } from './request-facts.ts'

/**
 * The first condition that keeps a rule from matching; `undefined` when it matches. Of several sources, or operations, none
 * of which holds, it is what the last one fails by.
 */
export const findMisfit = ({ from, to, when }: RulePlan, facts: RequestFacts): ConditionPlan | undefined =>
  misfitOfAny(from, facts) ?? misfitOfAny(to, facts) ?? misfitOfAll(when, facts)

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
