import type { Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'

/** Members that only a private key has (RFC 7518 section 6), and a shared secret. */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']
/** Keys that a signature can be checked with and that may be public. */
const USABLE = ['RSA', 'EC', 'OKP']

/** What a text comes to that should be a JSON Web Key Set (RFC 7517). */
interface InlineKeys {
  /** Why it cannot be one. */
  readonly faults: readonly Issue[]
  /** How many keys in it could have signed a token. */
  readonly usable: number
}

/**
 * Looks at keys that stand in the policy itself. A private or shared key is refused: whoever may read the policy could
 * make tokens with it. Nothing of the text is ever told.
 */
export const checkInlineKeys = (text: string, path: string): InlineKeys => {
  const fault = (message: string, expected: string): InlineKeys => ({
    faults: [{ message, path, found: '(not shown)', expected }],
    usable: 0,
  })
  const expected = 'a JSON Web Key Set: {"keys": [...]}'
  let set: unknown
  try {
    set = JSON.parse(text)
  } catch {
    return fault('wrong value', expected)
  }
  const keys = s.isPlainObject(set) ? set['keys'] : undefined
  if (!Array.isArray(keys) || keys.length === 0) return fault('wrong value', expected)
  const read = keys.filter((key) => s.isPlainObject(key))
  if (read.length < keys.length) return fault('wrong value', 'keys that are objects')
  if (read.some((key) => PRIVATE.some((member) => Object.hasOwn(key, member)))) {
    return fault('a key that must be kept secret', 'public keys only')
  }
  const usable = read.filter(({ kty }) => typeof kty === 'string' && USABLE.includes(kty)).length
  return { faults: [], usable }
}
