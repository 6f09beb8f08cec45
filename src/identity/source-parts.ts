import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { CredentialTally } from './credential-tally.ts'

/** What every source of credentials is made with. */
export interface SourceParts {
  readonly clock: Clock
  readonly log: Logger
  /** From 0 to 1, for pauses that replicas must not make in step. */
  readonly random: () => number
  /** Goes into the source's `CredentialStore`; attempts that failed are the source's to tell it. */
  readonly tally: CredentialTally
  /** When it is aborted before there are credentials, the source stops waiting and rejects with the signal's reason. */
  readonly signal: AbortSignal
}
