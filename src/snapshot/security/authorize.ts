/**
 * What AuthorizationPolicies decide (waypoint contract 7.1). One walk for the data path, for what is told of it, and for
 * tests; it neither waits nor counts, and allocates nothing to allow.
 */
import type { AuthorizationIndex, RulePlan, RuleSets } from './policy-plans.ts'
import type { AuthorizationDecision } from '../../model/security/authorization-decision.ts'
import { findRule } from './find-rule.ts'
import type { RequestFacts } from './request-facts.ts'

const undecided = { action: undefined, policy: undefined, rule: undefined } as const

/** There is no ALLOW policy, and nothing denies. */
export const notDenied: AuthorizationDecision = { ...undecided, verdict: 'allow', mode: 'enforce', details: '' }

const NONE = 'rbac_access_denied_matched_policy[none]'

/** There are ALLOW policies, and none of them allows. */
export const notAllowed: AuthorizationDecision = { ...undecided, verdict: 'deny', mode: 'enforce', details: NONE }

/** A connection that policies want to know a server name of, and nobody has looked for one. */
export const notDecidable: AuthorizationDecision = { ...notAllowed, details: 'rbac_server_name_unknown' }

const wouldBeDenied: AuthorizationDecision = { ...notAllowed, mode: 'dry-run' }

/** DENY before ALLOW; with ALLOW policies, one of them has to. CUSTOM has been asked before (`findCustoms`). */
export const authorize = (index: AuthorizationIndex, facts: RequestFacts): AuthorizationDecision => {
  const { deny, allow } = setsFor(index, facts)
  const denied = findRule(deny, facts)
  if (denied !== undefined) return denied.decision
  if (allow === undefined) return notDenied
  return findRule(allow, facts)?.decision ?? notAllowed
}

const noRules: readonly RulePlan[] = []

/** Of each provider the CUSTOM rule that matches: all of them are asked, and each may refuse. */
export const findCustoms = (index: AuthorizationIndex, facts: RequestFacts): readonly RulePlan[] => {
  const { customs } = setsFor(index, facts)
  if (customs.size === 0) return noRules
  const known = beforeTokens(facts)
  const found: RulePlan[] = []
  for (const node of customs.values()) {
    const rule = findRule(node, known)
    if (rule !== undefined) found.push(rule)
  }
  return found
}

/** The facts as they are when providers are asked. */
export const beforeTokens = (facts: RequestFacts): RequestFacts =>
  facts.token === undefined ? facts : { ...facts, token: undefined }

/**
 * What is only noted: an AUDIT rule that matches, and what the policies that are not carried out (`istio.io/dry-run`)
 * would decide, DENY and ALLOW each by themselves. To be asked only of an index that `isWatched`.
 */
export const watch = (index: AuthorizationIndex, facts: RequestFacts): readonly AuthorizationDecision[] => {
  const { audit, dryRunDeny, dryRunAllow } = setsFor(index, facts)
  const noted = [findRule(audit, facts)?.decision, findRule(dryRunDeny, facts)?.decision]
  if (dryRunAllow !== undefined) noted.push(findRule(dryRunAllow, facts)?.decision ?? wouldBeDenied)
  return noted.flatMap((decision) => decision ?? [])
}

/** The rules for what has these facts. */
export const setsFor = (index: AuthorizationIndex, { request }: RequestFacts): RuleSets =>
  request === undefined ? index.connections : index.requests
