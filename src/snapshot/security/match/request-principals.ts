import type { VerifiedToken } from '../../../filter/verified-token.ts'
import { fitsHalf, parseRequestPrincipal } from '../../../model/security/request-principal.ts'
import type { RequestFacts } from '../request-facts.ts'

/** Compiles `ISSUER/SUBJECT` patterns. */
export const compileRequestPrincipals = (patterns: readonly string[]): ((token: RequestFacts['token']) => boolean) => {
  const parsed = patterns.map(parseRequestPrincipal)
  return (token) =>
    token !== undefined &&
    parsed.some(
      ({ issuer, subject }) => fitsHalf(issuer, halfOf(token, 'issuer')) && fitsHalf(subject, halfOf(token, 'subject')),
    )
}

const claims = { issuer: 'iss', subject: 'sub' } as const

/** Empty stands for absent too, which fits nothing: `requestPrincipals: [ISSUER]` must not let in tokens without a subject. */
const halfOf = (token: VerifiedToken, half: keyof typeof claims): string | undefined =>
  token[half] === '' && !Object.hasOwn(token.claims, claims[half]) ? undefined : token[half]
