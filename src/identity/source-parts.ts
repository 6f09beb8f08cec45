import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { CredentialTally } from './credential-tally.ts'

/** What every source of credentials is made with. */
export interface SourceParts {
  readonly clock: Clock
  readonly log: Logger
  /** Goes into the source's `CredentialStore`; attempts that failed are the source's to tell it. */
  readonly tally: CredentialTally
  /** When it is aborted before there are credentials, the source stops waiting and rejects with the signal's reason. */
  readonly signal: AbortSignal
}
