import { claimValue, type VerifiedToken } from '../../../filter/verified-token.ts'
import type { JwtRulePlan } from '../../../snapshot/security/authentication-plan.ts'
import type { ParsedToken } from './parse-token.ts'
import type { TokenView } from './token-cache.ts'

/** A signed token as a rule has policies, routes and endpoints see it. */
export const viewToken = (parsed: ParsedToken, rule: JwtRulePlan): TokenView => {
  const { issuer, subject, audiences, claims } = parsed
  const { azp } = claims
  const token: VerifiedToken = {
    principal: `${issuer}/${subject}`,
    issuer,
    subject,
    audiences,
    presenter: typeof azp === 'string' ? azp : undefined,
    claims: splitLists(claims, rule.spaceDelimitedClaims),
  }
  return { rule, token, outputs: outputsOf(parsed, rule) }
}

const splitLists = (
  claims: Readonly<Record<string, unknown>>,
  lists: readonly string[],
): Readonly<Record<string, unknown>> => {
  const split = lists.flatMap((name): readonly (readonly [string, unknown])[] => {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined
    return typeof value === 'string' ? [[name, value.split(' ').filter((part) => part !== '')]] : []
  })
  return split.length === 0 ? claims : Object.fromEntries([...Object.entries(claims), ...split])
}

const outputsOf = (
  { payload, claims }: ParsedToken,
  { payloadHeader, claimHeaders }: JwtRulePlan,
): readonly string[] => {
  const outputs = payloadHeader === undefined ? [] : [payloadHeader, payload]
  for (const { header, claim } of claimHeaders) {
    // A name may have dots in it (`https://example.com/roles`).
    const value = claimValue(claims, [claim]) ?? claimValue(claims, claim.split('.'))
    const text = toFieldValue(value)
    if (text !== undefined) outputs.push(header, text)
  }
  return outputs
}

/**
 * A text, number or truth value as the value of a header, in UTF-8 like Envoy's; `undefined` for what is empty, is something
 * else, or has control characters: whoever may choose a claim must not write headers with it.
 */
const toFieldValue = (value: unknown): string | undefined => {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string') return undefined
  // oxlint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(value)) return undefined
  const text = value.trim()
  if (text === '') return undefined
  return /^[\x20-\x7e]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}
