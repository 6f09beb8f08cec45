import { isPlainObject } from '../../../lib/schema.ts'
import { comparableAudience } from '../../../snapshot/security/tokens/authentication-plan.ts'
import type { JwtFault } from './jwt-fault.ts'

/** A token taken apart. Nothing of it is to be believed: no signature has been looked at. */
export interface ParsedToken {
  readonly text: string
  readonly alg: string
  readonly kid: string | undefined
  /** As it stands in the token. */
  readonly payload: string
  readonly claims: Readonly<Record<string, unknown>>
  /** Empty when there is none. */
  readonly issuer: string
  readonly subject: string
  readonly audiences: readonly string[]
  /** As `comparableAudience` has them. */
  readonly comparable: readonly string[]
  /** Seconds since the epoch; `undefined`: it has no such date. */
  readonly expiresAt: number | undefined
  readonly validFrom: number | undefined
}

/** A header of 16 KiB is more than most servers take; a token in it need not be larger. */
export const MAX_TOKEN_LENGTH = 16 * 1024

/** Base64url without padding (RFC 7515 section 2): `Buffer.from` would take anything. */
const FORM = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

/** What a public key can check. Not `none`, and none of those with a shared secret: whoever can check could sign. */
const ALGORITHMS = new Set([
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
])

/** Takes a token apart (RFC 7519 in the compact form of RFC 7515), or says why it is none. */
export const parseToken = (text: string): ParsedToken | JwtFault => {
  if (text.length > MAX_TOKEN_LENGTH) return 'tooLarge'
  if (!FORM.test(text)) return 'badForm'
  const [header = '', payload = ''] = text.split('.', 2)
  const head = readJson(header)
  if (head === undefined) return 'badHeader'
  const { alg, kid, crit, b64 } = head
  if (typeof alg !== 'string') return 'badAlg'
  if (!ALGORITHMS.has(alg)) return 'unsupportedAlg'
  if (kid !== undefined && typeof kid !== 'string') return 'badKid'
  // RFC 7515 section 4.1.11: what is critical and not understood makes it invalid, and nothing is understood.
  if (crit !== undefined || b64 !== undefined) return 'critical'
  const claims = readJson(payload)
  if (claims === undefined) return 'badPayload'
  const fault = findFault(claims)
  if (fault !== undefined) return fault
  const { iss, sub, aud, exp, nbf } = claims
  const audiences = typeof aud === 'string' ? [aud] : textsOf(aud)
  return {
    text,
    alg,
    kid,
    payload,
    claims,
    issuer: typeof iss === 'string' ? iss : '',
    subject: typeof sub === 'string' ? sub : '',
    audiences,
    comparable: audiences.map(comparableAudience),
    expiresAt: typeof exp === 'number' ? exp : undefined,
    validFrom: typeof nbf === 'number' ? nbf : undefined,
  }
}

const findFault = ({ iss, sub, aud, exp, nbf, iat }: Readonly<Record<string, unknown>>): JwtFault | undefined => {
  const isText = (value: unknown): boolean => value === undefined || typeof value === 'string'
  const isDate = (value: unknown): boolean => value === undefined || (typeof value === 'number' && value >= 0)
  if (!isText(iss)) return 'badIss'
  if (!isText(sub)) return 'badSub'
  if (!isText(aud) && !(Array.isArray(aud) && aud.every((one) => typeof one === 'string'))) return 'badAud'
  if (!isDate(exp)) return 'badExp'
  if (!isDate(nbf)) return 'badNbf'
  return isDate(iat) ? undefined : 'badIat'
}

const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []

const utf8 = new TextDecoder('utf-8', { fatal: true })

const readJson = (base64: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(utf8.decode(Buffer.from(base64, 'base64url')))
    return isPlainObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
