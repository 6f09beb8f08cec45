import {
  isRequestField,
  type AuthorizationAction,
  type AuthorizationPolicy,
  type AuthorizationRule,
  type FieldCondition,
} from '../../model/security/authorization.ts'
import type { ConditionPlan, PolicyPlan, RulePlan } from './policy-plans.ts'
import type { AuthorizationDecision } from '../../model/security/authorization-decision.ts'
import { compileField } from './match/field.ts'

/** How many rules are compiled between two pauses. */
const STEP = 8

/** Makes a policy ready to be asked. */
export function* compilePolicy(policy: AuthorizationPolicy): Generator<void, PolicyPlan> {
  const rules: RulePlan[] = []
  for (const [index, rule] of policy.rules.entries()) {
    rules.push(compileRule(rule, policy, index))
    if (rules.length % STEP === 0) yield
  }
  return { source: policy, rules, connectionRules: rules.flatMap((rule) => forConnections(rule) ?? []) }
}

const compileRule = (rule: AuthorizationRule, policy: AuthorizationPolicy, index: number): RulePlan => {
  const conditions = (list: readonly FieldCondition[]): readonly ConditionPlan[] =>
    list.map((condition) => compileCondition(condition, policy.action))
  return {
    policy,
    index,
    from: rule.from.map(conditions),
    to: rule.to.map(conditions),
    when: conditions(rule.when),
    decision: decisionOf(policy, index),
  }
}

/**
 * A field that stands in a request several times counts line by line wherever it makes for a refusal: what DENY and CUSTOM
 * look for, and what ALLOW excludes.
 */
const compileCondition = (source: FieldCondition, action: AuthorizationAction): ConditionPlan => {
  const { field, values, notValues } = source
  const refuses = action !== 'ALLOW'
  return {
    source,
    anyOf: values.length === 0 ? undefined : compileField(field, values, refuses ? 'each' : 'joined'),
    noneOf: notValues.length === 0 ? undefined : compileField(field, notValues, refuses ? 'joined' : 'each'),
  }
}

const decisionOf = ({ key, action, isDryRun }: AuthorizationPolicy, rule: number): AuthorizationDecision => {
  const isRefusal = action === 'DENY' || action === 'CUSTOM'
  const mode = isDryRun && (action === 'DENY' || action === 'ALLOW') ? 'dry-run' : 'enforce'
  const what = isRefusal ? 'denied' : 'allowed'
  const details = `rbac_access_${what}_matched_policy[${nameRule(key, rule)}]`
  return { verdict: isRefusal ? 'deny' : 'allow', action, policy: key, rule, mode, details }
}

const nameRule = (key: string, rule: number): string => {
  const slash = key.indexOf('/')
  return `ns[${key.slice(0, slash)}]-policy[${key.slice(slash + 1)}]-rule[${rule}]`
}

/**
 * A rule as it is for connections, which have nothing of a request: ALLOW does not allow what it cannot check, and the
 * others do without it, which makes them wider (waypoint contract 7.3).
 */
const forConnections = (rule: RulePlan): RulePlan | undefined => {
  const asksForRequest = ({ source }: ConditionPlan): boolean => isRequestField(source.field)
  const { from, to, when } = rule
  if (![...from, ...to, when].some((list) => list.some(asksForRequest))) return rule
  if (rule.policy.action === 'ALLOW') return undefined
  const without = (list: readonly ConditionPlan[]): readonly ConditionPlan[] =>
    list.filter((condition) => !asksForRequest(condition))
  return { ...rule, from: from.map(without), to: to.map(without), when: without(when) }
}
