import { claimValue, readClaims, type VerifiedToken } from '../../../filter/verified-token.ts'
import { encodeFieldText } from '../../../lib/headers/encode-field-text.ts'
import { isPlainObject } from '../../../lib/schema.ts'
import { ruleOfIssuer, type AuthenticationPlan, type JwtRulePlan } from './authentication-plan.ts'

/** A token as a rule has policies, routes and endpoints see it. */
export interface TokenView {
  readonly rule: JwtRulePlan
  readonly token: VerifiedToken
  /** Names and values, alternating, of the headers that endpoints are told by. */
  readonly outputs: readonly string[]
}

/** What a token says: all its claims, and the same in base64url. */
export interface SaidByToken {
  readonly claims: Readonly<Record<string, unknown>>
  readonly payload: string
}

/** Makes the view of a token that a rule has verified. */
export const viewToken = (said: SaidByToken, rule: JwtRulePlan): TokenView => ({
  rule,
  token: readClaims(said.claims, rule.spaceDelimitedClaims),
  outputs: outputsOf(said, rule),
})

/**
 * The view of a token that nobody has verified, for whoever asks what would become of a request with one: by the rule of its
 * issuer, if there is one.
 */
export const viewClaims = (
  claims: Readonly<Record<string, unknown>>,
  plan: AuthenticationPlan | undefined,
): Pick<TokenView, 'token' | 'outputs'> | undefined => {
  const rule = plan === undefined ? undefined : ruleOfIssuer(plan, claims['iss'])
  return rule === undefined
    ? undefined
    : viewToken({ claims, payload: Buffer.from(JSON.stringify(claims)).toString('base64url') }, rule)
}

/** Claims as JSON; `undefined` for what is no object. */
export const parseClaims = (json: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(json)
    return isPlainObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const outputsOf = (
  { payload, claims }: SaidByToken,
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
  // Beyond 2^53 it is no longer the number in the token, but perhaps somebody else's.
  if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER) return undefined
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  return text === '' ? undefined : encodeFieldText(text)
}
