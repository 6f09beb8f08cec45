import { createHash, timingSafeEqual } from 'node:crypto'

/** Says whether a password is the one. Takes as long for a wrong one as for the right one. */
export type PasswordCheck = (password: string) => boolean

interface Algorithm {
  readonly name: string
  readonly bytes: number
}

const algorithms: Readonly<Record<string, Algorithm>> = {
  SHA: { name: 'sha1', bytes: 20 },
  SHA256: { name: 'sha256', bytes: 32 },
  SHA512: { name: 'sha512', bytes: 64 },
}

const FORM = /^\{(S?)(SHA(?:256|512)?)\}([A-Za-z0-9+/]+={0,2})$/

/**
 * Reads a hash as htpasswd and LDAP write it (RFC 2307 section 5.3): `{SHA}`, `{SHA256}`, `{SHA512}` and base64; with an `S`
 * before, the salt stands behind the hash in the base64. `undefined` for anything else.
 */
export const readPasswordHash = (text: string): PasswordCheck | undefined => {
  const [, salted = '', name = '', encoded = ''] = FORM.exec(text) ?? []
  const algorithm = Object.hasOwn(algorithms, name) ? algorithms[name] : undefined
  if (algorithm === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  const salt = bytes.subarray(algorithm.bytes)
  if (bytes.length < algorithm.bytes || (salted === '') !== (salt.length === 0)) return undefined
  const wanted = bytes.subarray(0, algorithm.bytes)
  return (password) => timingSafeEqual(createHash(algorithm.name).update(password).update(salt).digest(), wanted)
}
