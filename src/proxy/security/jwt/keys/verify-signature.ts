/**
 * Signatures, on `jose`, which has WebCrypto check them on a thread of its own. It is loaded when the first policy needs it:
 * most waypoints never have one.
 */
import type { compactVerify, CryptoKey, importJWK, JWK } from 'jose'
import type { PublicKey } from './key-set.ts'

interface Jose {
  readonly compactVerify: typeof compactVerify
  readonly importJWK: typeof importJWK
}

const imported = new WeakMap<PublicKey, Map<string, Promise<CryptoKey | undefined>>>()

const loadJose = async (): Promise<Jose> => {
  // Those two only: the whole of it is half as large again.
  const [verify, keys] = await Promise.all([import('jose/jws/compact/verify'), import('jose/key/import')])
  return { compactVerify: verify.compactVerify, importJWK: keys.importJWK }
}

/** Loads what checking takes, ahead of the first token. */
export const prepareToVerify = async (): Promise<void> => {
  await loadJose()
}

/** The first of `keys` that has signed the token with `alg`; `undefined` when none has. Never rejects. */
export const findSigner = async (
  token: string,
  alg: string,
  keys: readonly PublicKey[],
): Promise<PublicKey | undefined> => {
  const jose = await loadJose()
  for (const key of keys) if (await hasSigned(jose, { token, alg, key })) return key
  return undefined
}

interface Attempt {
  readonly token: string
  readonly alg: string
  readonly key: PublicKey
}

const hasSigned = async (jose: Jose, { token, alg, key }: Attempt): Promise<boolean> => {
  try {
    const material = await importOnce(jose, key, alg)
    if (material === undefined) return false
    await jose.compactVerify(token, material, { algorithms: [alg] })
    return true
  } catch {
    // A wrong signature, or a key that is too weak: either way it is no proof.
    return false
  }
}

const importOnce = ({ importJWK }: Jose, key: PublicKey, alg: string): Promise<CryptoKey | undefined> => {
  const known = imported.get(key) ?? new Map<string, Promise<CryptoKey | undefined>>()
  imported.set(key, known)
  const before = known.get(alg)
  if (before !== undefined) return before
  const made = importJWK(key.jwk as JWK, alg).then(
    (material) => (material instanceof Uint8Array ? undefined : material),
    () => undefined,
  )
  known.set(alg, made)
  return made
}
