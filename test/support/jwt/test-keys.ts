import { createHmac, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'

/** A key of an issuer that tests play. */
export interface TestKey {
  readonly kid: string
  readonly alg: string
  readonly privateKey: KeyObject
  /** As its issuer publishes it. */
  readonly jwk: Readonly<Record<string, unknown>>
}

const pairs = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ES512: () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
  weak: () => generateKeyPairSync('rsa', { modulusLength: 1024 }),
} as const

/** The kinds of keys there are; `weak` is RSA with too few bits. */
export type KeyKind = keyof typeof pairs

/** Makes a key; its JWK says no more than it must, unless told otherwise. */
export const createTestKey = (kid: string, kind: KeyKind): TestKey => {
  const { privateKey, publicKey } = pairs[kind]()
  const alg = kind === 'weak' ? 'RS256' : kind
  return { kid, alg, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid } }
}

/** What an issuer publishes. */
export const keySetOf = (...keys: readonly TestKey[]): string => JSON.stringify({ keys: keys.map(({ jwk }) => jwk) })

/** How a token is to be made, other than well. */
export interface TokenOptions {
  /** Beside `alg` and `kid`, or instead of them; a value of null leaves one out. */
  readonly header?: Readonly<Record<string, unknown>>
  /** Changed after it was signed. */
  readonly forged?: Readonly<Record<string, unknown>>
}

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A token with these claims (a text is taken as it stands), signed by what its header says. */
export const signToken = (key: TestKey, claims: unknown, { header = {}, forged }: TokenOptions = {}): string => {
  const written = Object.fromEntries(
    Object.entries({ alg: key.alg, kid: key.kid, ...header }).filter(([, value]) => value !== null),
  )
  const head = encode(written)
  const alg = typeof written['alg'] === 'string' ? written['alg'] : key.alg
  const signature = signWith(key, alg, `${head}.${encode(claims)}`).toString('base64url')
  const payload = forged === undefined ? claims : { ...(claims as Readonly<Record<string, unknown>>), ...forged }
  return `${head}.${encode(payload)}.${signature}`
}

const signWith = ({ privateKey, alg: own }: TestKey, alg: string, text: string): Buffer => {
  const data = Buffer.from(text)
  if (alg === 'none') return Buffer.alloc(0)
  if (alg.startsWith('HS')) {
    // The trick of old: the public key, which all have, taken for a shared secret.
    const secret = createPublicKey(privateKey).export({ format: 'pem', type: 'spki' })
    return createHmac('sha256', secret).update(data).digest()
  }
  const known = /^(?:RS|PS|ES)(?:256|384|512)$|^EdDSA$|^Ed25519$/.test(alg) ? alg : own
  if (known === 'EdDSA' || known === 'Ed25519') return sign(null, data, privateKey)
  const digest = `sha${known.slice(2)}`
  if (known.startsWith('ES')) return sign(digest, data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  const padding = known.startsWith('PS') ? { padding: 6, saltLength: Number(known.slice(2)) / 8 } : {}
  return sign(digest, data, { key: privateKey, ...padding })
}
