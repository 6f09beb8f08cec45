import { generateKeyPairSync, sign } from 'node:crypto'
import { usageError } from '../../arguments.ts'

/** A token with claims that a test asks for, and the key that says it is good. */
export interface DevToken {
  readonly issuer: string
  /** As `jwks` of a RequestAuthentication has it. */
  readonly jwks: string
  /** For `Authorization: Bearer`. */
  readonly token: string
}

const ISSUER = 'https://dev.fairway.example'
const SUBJECT = 'developer'

/** Signs `--claims` with a key that nobody else has; `iss` and `sub` have defaults. Throws a usage error. */
export const createToken = (text: string): DevToken => {
  const claims = { iss: ISSUER, sub: SUBJECT, ...decodeClaims(text) }
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'ES256', kid: 'dev', typ: 'JWT' })}.${part(claims)}`
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'dev', alg: 'ES256' }] }
  return {
    issuer: claims.iss,
    jwks: JSON.stringify(jwks),
    token: `${signed}.${signature.toString('base64url')}`,
  }
}

const decodeClaims = (text: string): Readonly<Record<string, unknown>> => {
  const next = `write --claims '{"tenant":"acme"}'`
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // What is no JSON is no object either.
  }
  throw usageError(`--claims ${JSON.stringify(text)} is no JSON object`, next)
}
