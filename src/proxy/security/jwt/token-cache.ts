import type { TokenView } from '../../../snapshot/security/tokens/token-view.ts'
import type { PublicKey } from './keys/key-set.ts'
import type { Keys } from './keys/key-rings.ts'
import type { ParsedToken } from './parse-token.ts'

/** A token whose signature is good. Whether it still holds, and for whom, has to be asked each time. */
export interface SignedToken {
  readonly parsed: ParsedToken
  readonly keys: Keys
  readonly signer: PublicKey
  /** What the rule that was last asked makes of it. */
  view: TokenView | undefined
}

/** Limits of each of the two generations. */
export interface TokenCacheLimits {
  readonly tokens: number
  readonly bytes: number
}

const DEFAULT_LIMITS: TokenCacheLimits = { tokens: 8192, bytes: 12 * 1024 * 1024 }
/** What an entry weighs beside its text: claims, digest, and a place in the table. */
const ENTRY_BYTES = 1024

/**
 * Tokens with good signatures by the digest of their text. Once a generation is full the one before is forgotten; what is
 * asked for again moves on. Texts are not kept as keys, so that looking one up takes as long whatever is in the table.
 */
export class TokenCache {
  readonly #limits: TokenCacheLimits
  #young = new Map<string, SignedToken>()
  #old: ReadonlyMap<string, SignedToken> = new Map()
  #bytes = 0

  constructor(limits: TokenCacheLimits = DEFAULT_LIMITS) {
    this.#limits = limits
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(digest: string): SignedToken | undefined {
    const found = this.#young.get(digest)
    if (found !== undefined) return found
    const older = this.#old.get(digest)
    if (older !== undefined) this.set(digest, older)
    return older
  }

  set(digest: string, token: SignedToken): void {
    // A payload is about as large again when it is taken apart.
    const bytes = ENTRY_BYTES + 3 * token.parsed.text.length
    if (this.#young.size >= this.#limits.tokens || this.#bytes + bytes > this.#limits.bytes) {
      this.#old = this.#young
      this.#young = new Map()
      this.#bytes = 0
    }
    this.#bytes += bytes
    this.#young.set(digest, token)
  }
}
