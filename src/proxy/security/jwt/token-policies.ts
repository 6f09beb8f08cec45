import type { Clock } from '../../../lib/clock.ts'
import type { Snapshot } from '../../../snapshot/snapshot.ts'
import type { Counters } from '../../counters.ts'
import type { GuardMaker } from '../guards.ts'
import { Authenticator } from './authenticator.ts'
import { createJwtGuards } from './jwt-guard.ts'
import { createFetchText, type FetchText } from './keys/fetch-text.ts'
import type { KeyNews } from './keys/key-ring.ts'
import { KeyRings } from './keys/key-rings.ts'
import { findSigner, prepareToVerify } from './keys/verify-signature.ts'
import { TokenCache } from './token-cache.ts'

export interface TokenPolicyDeps {
  readonly clock: Clock
  readonly counters: Counters
  /** From 0 (included) to 1 (excluded). */
  readonly random: () => number
  /** Told what people should know; `kind` is the same for what says the same. */
  readonly warn: (kind: string, message: string) => void
  readonly tell: (kind: string, message: string) => void
  /** Default: over HTTP. */
  readonly fetchText?: FetchText | undefined
}

/** All that RequestAuthentications need of a process. Loaded with the first of them: most waypoints have none. */
export class TokenPolicies {
  readonly guards: GuardMaker
  readonly #keys: KeyRings

  constructor({ clock, counters, random, warn, tell, fetchText = createFetchText(clock) }: TokenPolicyDeps) {
    const onNews = (news: KeyNews): void => {
      const kind = `keys of ${news.source}`
      if (news.failure === undefined) tell(kind, `keys of ${news.source} are there again`)
      else warn(kind, formatFailure(news, news.failure))
    }
    this.#keys = new KeyRings({ clock, random, counters, fetchText, onNews })
    const authenticator = new Authenticator({ clock, counters, findSigner, keys: this.#keys, cache: new TokenCache() })
    this.guards = createJwtGuards(authenticator, counters)
  }

  /** A snapshot has come into force: what it needs is got ahead of the first request, what it does not is let go. */
  retain({ authentications }: Snapshot): void {
    const rules = [...authentications.policies.values()].flatMap((policy) => policy.rules)
    this.#keys.retain(rules.map(({ keys }) => keys))
    // Should it fail, the first token will show it.
    if (rules.length > 0) prepareToVerify().catch(() => undefined)
  }

  close(): void {
    this.#keys.close()
  }
}

const formatFailure = ({ source, hasKeys }: KeyNews, failure: string): string => {
  const effect = hasKeys ? 'those that are there stay in use' : 'all tokens that need them are refused'
  return `keys of ${source} could not be got, ${effect}: ${failure}`
}
