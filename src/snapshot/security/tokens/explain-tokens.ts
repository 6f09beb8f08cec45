import { ruleOfIssuer, type AuthenticationPlan } from './authentication-plan.ts'

/** What becomes of tokens, for people; `claims` are those of one that counts as verified. */
export const explainTokens = (
  plan: AuthenticationPlan | undefined,
  claims: Readonly<Record<string, unknown>> | undefined,
): readonly string[] => {
  if (plan === undefined)
    return claims === undefined ? [] : ['no RequestAuthentication applies: nobody looks at tokens']
  const issuers = plan.rules.map(({ issuer, policy }) => `${issuer === '' ? 'any issuer' : issuer} (${policy})`)
  if (issuers.length === 0) return []
  if (claims === undefined) return [`a token would have to be of ${issuers.join(' or ')}; this is without one`]
  const { iss } = claims
  const rule = ruleOfIssuer(plan, iss)
  return rule === undefined
    ? [`a token of issuer ${String(iss)} is refused with 401; it would have to be of ${issuers.join(' or ')}`]
    : [`the claims are taken for those of a token that ${rule.policy} has verified`]
}
