import { HIDDEN, isSecretName } from '../../lib/secrets/hide-secrets.ts'
import type { AuthorizationDecision } from '../../model/security/authorization-decision.ts'
import type { AuthorizationPolicy, FieldCondition } from '../../model/security/authorization.ts'
import { authorize, beforeTokens, findCustoms, watch } from './authorize.ts'
import { findMisfit } from './find-misfit.ts'
import type { AuthorizationIndex, ConditionPlan, PolicyPlan } from './policy-plans.ts'
import type { RequestFacts } from './request-facts.ts'
import { nameSome } from '../../lib/lists/name-some.ts'

/** What policies decide about a request or connection, and what each of them has to say; plain data. */
export interface ExplainedAuthorization {
  /** `ask`: allowed, as long as the providers of CUSTOM policies have nothing against it. */
  readonly verdict: 'allow' | 'deny' | 'ask'
  /** By DENY and ALLOW policies. */
  readonly decision: AuthorizationDecision
  /** CUSTOM rules whose providers are asked before; one of each provider. */
  readonly asked: readonly AuthorizationDecision[]
  /** What is only noted. */
  readonly notes: readonly AuthorizationDecision[]
  /** Every policy that applies, in the order of their keys. */
  readonly considered: readonly ConsideredPolicy[]
  /** The same for people. */
  readonly reasons: readonly string[]
}

/** What became of one policy. */
export interface ConsideredPolicy {
  readonly policy: string
  readonly action: AuthorizationPolicy['action']
  readonly isDryRun: boolean
  /** The first of its rules that matches; `undefined`: none does. */
  readonly matches: number | undefined
  /** Of each rule before it, or of all, the first condition that did not hold. */
  readonly failed: readonly { readonly rule: number; readonly path: string; readonly wanted: string }[]
}

/** How many rules that do not match are told of. */
const MAX_RULES = 20

/** Asks what the data path asks, and then each rule by itself what keeps it from matching. */
export const explainAuthorization = (index: AuthorizationIndex, facts: RequestFacts): ExplainedAuthorization => {
  const asked = findCustoms(index, facts).map((rule) => rule.decision)
  const decision = authorize(index, facts)
  const notes = index.isWatched ? watch(index, facts) : []
  const considered = index.policies.map((plan) =>
    consider(plan, plan.source.action === 'CUSTOM' ? beforeTokens(facts) : facts),
  )
  return {
    verdict: decision.verdict === 'allow' && asked.length > 0 ? 'ask' : decision.verdict,
    decision,
    asked,
    notes,
    considered,
    reasons: [
      ...asked.map((rule) => `${formatRule(rule)}: its provider is asked`),
      formatDecision(decision),
      ...notes.map(formatNote),
      ...formatConsidered(considered),
    ],
  }
}

const consider = ({ source, rules, connectionRules }: PolicyPlan, facts: RequestFacts): ConsideredPolicy => {
  const { key, action, isDryRun } = source
  const about = { policy: key, action, isDryRun }
  const failed: { rule: number; path: string; wanted: string }[] = []
  for (const plan of rules) {
    const tried = facts.request === undefined ? connectionRules.find(({ index }) => index === plan.index) : plan
    if (tried === undefined) {
      failed.push({ rule: plan.index, path: `spec.rules[${plan.index}]`, wanted: 'about requests, and this is none' })
      continue
    }
    const misfit = findMisfit(tried, facts)
    if (misfit === undefined) return { ...about, matches: plan.index, failed }
    failed.push({ rule: plan.index, path: misfit.source.path, wanted: formatMisfit(misfit, facts) })
  }
  return { ...about, matches: undefined, failed }
}

const formatMisfit = ({ source, anyOf }: ConditionPlan, facts: RequestFacts): string =>
  anyOf !== undefined && !anyOf(facts)
    ? `none of ${formatValues(source, source.values)}`
    : `one of ${formatValues(source, source.notValues)}, which are excluded`

/** How many values are shown. */
const MAX_VALUES = 8

const formatValues = ({ field }: FieldCondition, values: readonly string[]): string => {
  const names = 'name' in field ? [field.name] : 'names' in field ? field.names : []
  if (names.some(isSecretName)) return HIDDEN
  return nameSome(values, MAX_VALUES)
}

const formatRule = ({ action, policy, rule }: AuthorizationDecision): string =>
  `AuthorizationPolicy ${policy} rule ${rule} (${action}) matches`

const formatDecision = (decision: AuthorizationDecision): string => {
  const { verdict, policy } = decision
  if (policy === undefined) return verdict === 'allow' ? 'allowed: no policy denies it' : 'denied: no policy allows it'
  return `${verdict === 'allow' ? 'allowed' : 'denied'}: ${formatRule(decision)}`
}

const formatNote = (decision: AuthorizationDecision): string => {
  const { verdict, policy, mode } = decision
  if (mode === 'enforce') return `noted: ${formatRule(decision)}`
  const what = `would be ${verdict === 'allow' ? 'allowed' : 'denied'} (istio.io/dry-run)`
  if (policy === undefined) return `${what}: no policy of the dry run allows it`
  return `${what}: ${formatRule(decision)}`
}

const formatConsidered = (considered: readonly ConsideredPolicy[]): readonly string[] => {
  const lines = considered.flatMap(({ policy, action, isDryRun, matches, failed }) => {
    const name = `AuthorizationPolicy ${policy} (${action}${isDryRun ? ', dry run' : ''})`
    if (matches !== undefined) return []
    if (failed.length === 0) return [`${name} has no rules, and matches nothing`]
    return failed.map(({ rule, path, wanted }) => `${name} rule ${rule} does not match: ${path} is ${wanted}`)
  })
  const more = lines.length - MAX_RULES
  return more > 0 ? [...lines.slice(0, MAX_RULES), `and ${more} more rules that do not match`] : lines
}
