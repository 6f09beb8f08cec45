import { parseDuration } from '../../../lib/duration.ts'
import type { Decoded, Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import type { JwtRule, KeySource, TokenPlace } from '../../../model/security/authentication.ts'
import { fieldName } from '../token.ts'
import { checkInlineKeys } from './inline-keys.ts'

/** A rule, and what of it can have no effect. */
export interface ReadRule {
  readonly rule: JwtRule
  readonly notes: readonly string[]
}

/** How long keys are waited for unless the rule says otherwise (JWTRule.timeout). */
const TIMEOUT_MS = 5000
/** A header that says how the request itself is to be read is not for claims. */
const RESERVED = new Set([
  ...['host', 'connection', 'content-length', 'transfer-encoding', 'upgrade', 'te', 'trailer', 'keep-alive', 'expect'],
])
/** Claims that Istio takes for lists without being told. */
const LISTS = ['scope', 'permission']

const text = s.string({ minLength: 1, maxLength: 2048 })
const texts = s.withDefault(s.array(text), [])
const headerName = s.map(fieldName, (name) => name.toLowerCase())
const ownHeader = s.refine(headerName, (name, path) =>
  RESERVED.has(name)
    ? [{ message: 'wrong value', path, found: name, expected: 'a header that does not say how the request is read' }]
    : [],
)

const uri = s.refine(text, (value, path) => {
  const url = URL.parse(value)
  const isGood = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
  const expected = 'an http or https URL without user and password'
  return isGood ? [] : [{ message: 'wrong value', path, found: s.formatFound(value), expected }]
})

/** As GEP-2257 or as protobuf writes it: `5s`, `0.5s`, `1m30s`. */
const duration: s.Schema<number> = {
  json: { type: 'string' },
  decode: (value, path) => {
    const [, seconds] = typeof value === 'string' ? (/^([0-9]{1,6}(?:\.[0-9]{1,9})?)s$/.exec(value) ?? []) : []
    const ms = seconds === undefined ? parseDuration(String(value)) : Math.round(Number(seconds) * 1000)
    if (ms !== undefined && ms > 0) return { ok: true, value: ms }
    return s.failure({
      message: 'wrong value',
      path,
      found: s.formatFound(value),
      expected: 'a duration above 0, like 5s',
    })
  },
}

/** Istio's CRD has it since August 2026; istiod looks at no `REQUIRED`, and to let through what it forbids would be worse. */
const presence = s.refine(s.oneOf(['OPTIONAL', 'REQUIRED']), (value, path) => {
  const expected =
    'OPTIONAL, and an AuthorizationPolicy that denies requests without a token (notRequestPrincipals: ["*"])'
  return value === 'OPTIONAL' ? [] : [{ message: 'is not carried out', path, found: value, expected }]
})

const schema = s.object({
  issuer: s.withDefault(text, ''),
  audiences: texts,
  jwksUri: s.optional(uri),
  jwks_uri: s.optional(uri),
  jwks: s.optional(s.string({ minLength: 1, maxLength: 1024 * 1024, secret: true })),
  fromHeaders: s.withDefault(s.array(s.object({ name: headerName, prefix: s.withDefault(s.string(), '') })), []),
  fromParams: texts,
  fromCookies: texts,
  outputPayloadToHeader: s.optional(ownHeader),
  outputClaimToHeaders: s.withDefault(s.array(s.object({ header: ownHeader, claim: text })), []),
  forwardOriginalToken: s.withDefault(s.boolean(), false),
  timeout: s.withDefault(duration, TIMEOUT_MS),
  spaceDelimitedClaims: texts,
  presence: s.optional(presence),
})

type Written = s.ValueOf<typeof schema>

/** Reads one of `jwtRules` (security.istio.io JWTRule); a field that nobody knows is a fault of it. */
export const decodeJwtRule = (value: unknown, path: string): Decoded<ReadRule> => {
  const decoded = schema.decode(value, path)
  if (!decoded.ok) return decoded
  const written = decoded.value
  const notes: string[] = []
  const faults: Issue[] = [...missingIssuer(written, path), ...repeatedHeaders(written, path)]
  const keys = keysOf(written, { path, faults, notes })
  if (faults.length > 0) return { ok: false, issues: faults }
  const { issuer, audiences, forwardOriginalToken, outputPayloadToHeader, outputClaimToHeaders } = written
  const rule: JwtRule = {
    issuer,
    audiences,
    keys,
    places: placesOf(written),
    forwardsToken: forwardOriginalToken,
    ...(outputPayloadToHeader === undefined ? {} : { payloadHeader: outputPayloadToHeader }),
    claimHeaders: outputClaimToHeaders,
    spaceDelimitedClaims: [...new Set([...LISTS, ...written.spaceDelimitedClaims])],
  }
  return { ok: true, value: { rule, notes } }
}

/** Istio takes a rule without an issuer, for tokens of any, only where it says who has the keys. */
const missingIssuer = ({ issuer, jwksUri, jwks_uri: otherUri }: Written, path: string): readonly Issue[] => {
  if (issuer !== '' || jwksUri !== undefined || otherUri !== undefined) return []
  const expected = 'whose tokens are meant, or a jwksUri that has the keys of all issuers'
  return [{ message: 'is missing', path: `${path}.issuer`, found: 'nothing', expected }]
}

const repeatedHeaders = (written: Written, path: string): readonly Issue[] => {
  const names = written.outputClaimToHeaders.map(({ header }) => header)
  if (written.outputPayloadToHeader !== undefined) names.push(written.outputPayloadToHeader)
  const repeated = names.find((name, index) => names.indexOf(name) < index)
  if (repeated === undefined) return []
  const expected = 'each header once among outputClaimToHeaders and outputPayloadToHeader'
  return [{ message: 'wrong value', path: `${path}.outputClaimToHeaders`, found: repeated, expected }]
}

/** `jwks` comes before `jwksUri`, as with istiod; with neither, the issuer is asked (OpenID Connect Discovery). */
const keysOf = (
  { jwks, jwksUri, jwks_uri: otherUri, issuer, timeout }: Written,
  { path, faults, notes }: { readonly path: string; readonly faults: Issue[]; readonly notes: string[] },
): KeySource => {
  const address = jwksUri ?? otherUri
  if (jwks !== undefined) {
    const found = checkInlineKeys(jwks, `${path}.jwks`)
    faults.push(...found.faults)
    if (found.faults.length === 0 && found.usable === 0) {
      notes.push(`${path}.jwks has no RSA, EC or OKP key: every token of ${issuer} is refused`)
    }
    if (address !== undefined) notes.push(`${path}.jwksUri has no effect beside jwks`)
    return { kind: 'inline', jwks }
  }
  if (address !== undefined) return { kind: 'uri', uri: address, timeoutMs: timeout }
  if (/^https?:\/\//.test(issuer) && URL.canParse(issuer)) return { kind: 'discovery', issuer, timeoutMs: timeout }
  const why = `${path} has no jwks and no jwksUri, and the issuer is no URL to be asked`
  notes.push(`${why}: every token of ${issuer} is refused`)
  return { kind: 'inline', jwks: '{"keys":[]}' }
}

const placesOf = ({ fromHeaders, fromParams, fromCookies }: Written): readonly TokenPlace[] => {
  const places: readonly TokenPlace[] = [
    ...fromHeaders.map(({ name, prefix }) => ({ kind: 'header' as const, name, prefix })),
    ...fromParams.map((name) => ({ kind: 'param' as const, name })),
    ...fromCookies.map((name) => ({ kind: 'cookie' as const, name })),
  ]
  return places.length > 0 ? places : usualPlaces
}

/** Where a rule looks that names no place (RFC 6750 sections 2.1 and 2.3). */
const usualPlaces: readonly TokenPlace[] = [
  { kind: 'header', name: 'authorization', prefix: 'Bearer ' },
  { kind: 'param', name: 'access_token' },
]
