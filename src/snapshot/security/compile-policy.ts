import {
  isRequestField,
  type AuthorizationAction,
  type AuthorizationPolicy,
  type AuthorizationRule,
  type FieldCondition,
} from '../../model/security/authorization.ts'
import type { ConditionPlan, PolicyPlan, RulePlan } from './policy-plans.ts'
import type { AuthorizationDecision } from '../../model/security/authorization-decision.ts'
import { tellingOf } from './find-misfit.ts'
import { compileField, type FactsMatcher } from './match/field.ts'

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

const compileRule = (rule: AuthorizationRule, policy: AuthorizationPolicy, index: number): Rule => {
  const conditions = (list: readonly FieldCondition[]): readonly ConditionPlan[] =>
    list.map((condition) => new Condition(condition, policy.action))
  return new Rule(
    { policy, index },
    { from: rule.from.map(conditions), to: rule.to.map(conditions), when: conditions(rule.when) },
  )
}

/**
 * A rule whose decision is made when it first decides. There may be ten thousand, of which most are told apart by who asks,
 * and never are tried by any request: what only trying takes is made for those that are.
 */
class Rule implements RulePlan {
  readonly policy: AuthorizationPolicy
  readonly index: number
  readonly from: RulePlan['from']
  readonly to: RulePlan['to']
  readonly when: RulePlan['when']
  readonly telling: RulePlan['telling']
  #decision: AuthorizationDecision | undefined

  constructor(
    { policy, index }: Pick<RulePlan, 'policy' | 'index'>,
    { from, to, when }: Pick<RulePlan, 'from' | 'to' | 'when'>,
  ) {
    this.policy = policy
    this.index = index
    this.from = from
    this.to = to
    this.when = when
    this.telling = tellingOf(this)
  }

  get decision(): AuthorizationDecision {
    return (this.#decision ??= decisionOf(this.policy, this.index))
  }
}

/**
 * A condition whose values are compiled when the first of them is compared. A field that stands in a request several times
 * counts line by line wherever it makes for a refusal: what DENY and CUSTOM look for, and what ALLOW excludes.
 */
class Condition implements ConditionPlan {
  readonly source: FieldCondition
  readonly #action: AuthorizationAction
  #anyOf: FactsMatcher | undefined
  #noneOf: FactsMatcher | undefined

  constructor(source: FieldCondition, action: AuthorizationAction) {
    this.source = source
    this.#action = action
  }

  get anyOf(): FactsMatcher | undefined {
    if (this.#anyOf !== undefined) return this.#anyOf
    const { field, values } = this.source
    if (values.length === 0) return undefined
    return (this.#anyOf = compileField(field, values, this.#action === 'ALLOW' ? 'joined' : 'each'))
  }

  get noneOf(): FactsMatcher | undefined {
    const { field, notValues } = this.source
    if (notValues.length === 0) return undefined
    return (this.#noneOf ??= compileField(field, notValues, this.#action === 'ALLOW' ? 'each' : 'joined'))
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
  return new Rule(rule, { from: from.map(without), to: to.map(without), when: without(when) })
}
