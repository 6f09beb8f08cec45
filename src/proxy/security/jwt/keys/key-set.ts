import { isPlainObject } from '../../../../lib/schema.ts'

/** A public key of an issuer (RFC 7517). The same object as long as the issuer has it. */
export interface PublicKey {
  readonly jwk: Readonly<Record<string, unknown>>
  readonly kid: string | undefined
  /** The only algorithm that it is for, if it says so. */
  readonly alg: string | undefined
  readonly kty: string
  /** The issuer does not have it any more: what it has signed is not to be believed. */
  isRetired: boolean
}

/** Issuers have two or three. */
const MAX_KEYS = 256
/** Of those without an id that each may be tried. */
const MAX_TRIED = 8

const CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }

/**
 * The keys of a set that signatures can be checked with; those that are there already keep their objects. `undefined`: it
 * is no set of keys. What a single key has wrong leaves it out (RFC 7517 section 5).
 */
export const readKeySet = (text: string, known: readonly PublicKey[]): readonly PublicKey[] | undefined => {
  let set: unknown
  try {
    set = JSON.parse(text)
  } catch {
    return undefined
  }
  const keys = isPlainObject(set) ? set['keys'] : undefined
  if (!Array.isArray(keys)) return undefined
  const before = new Map(known.map((key) => [JSON.stringify(key.jwk), key]))
  return keys.slice(0, MAX_KEYS).flatMap((jwk: unknown) => {
    if (!isPlainObject(jwk) || !isForSignatures(jwk)) return []
    return before.get(JSON.stringify(jwk)) ?? toKey(jwk)
  })
}

/** Those that may have signed a token which says so much of itself. */
export const findKeys = (
  keys: readonly PublicKey[],
  { kid, alg }: { readonly kid: string | undefined; readonly alg: string },
): readonly PublicKey[] =>
  keys
    .filter((key) => {
      if (key.alg !== undefined && key.alg !== alg) return false
      if (kid !== undefined && key.kid !== undefined && key.kid !== kid) return false
      return isOfKind(key, alg)
    })
    .slice(0, MAX_TRIED)

const isForSignatures = ({ kty, use, key_ops: operations }: Readonly<Record<string, unknown>>): boolean =>
  typeof kty === 'string' &&
  kty !== 'oct' &&
  (use === undefined || use === 'sig') &&
  (!Array.isArray(operations) || operations.includes('verify'))

const toKey = (jwk: Readonly<Record<string, unknown>>): PublicKey => {
  const { kid, alg, kty } = jwk
  return {
    jwk,
    kid: typeof kid === 'string' ? kid : undefined,
    alg: typeof alg === 'string' ? alg : undefined,
    kty: String(kty),
    isRetired: false,
  }
}

/** The kind of key decides which algorithms there are, never the token alone. */
const isOfKind = ({ kty, jwk }: PublicKey, alg: string): boolean => {
  if (alg.startsWith('RS') || alg.startsWith('PS')) return kty === 'RSA'
  if (alg.startsWith('ES')) return kty === 'EC' && jwk['crv'] === CURVES[alg]
  return kty === 'OKP' && jwk['crv'] === 'Ed25519'
}
