import type { AuthorizationIndex } from '../../../snapshot/security/policy-plans.ts'
import type { RequestFacts } from '../../../snapshot/security/request-facts.ts'

/** How an exchange under way stands with the policies of its frontend. */
export interface Standing {
  /** Those it was judged by last; `undefined` when there were none. */
  index: AuthorizationIndex | undefined
  /** What they have seen; `undefined` as long as they are asked, and where there were none. */
  readonly facts: RequestFacts | undefined
  /** The same as it came, before tokens and providers changed it; there when a CUSTOM policy came while it was waiting. */
  received?: RequestFacts
  /** Names of the providers that were asked about it. What they have said stands. */
  asked: readonly string[]
}

const NOBODY: readonly string[] = []

/** That of an exchange about which no provider was asked. */
export const newStanding = (index: AuthorizationIndex | undefined): Standing => ({
  index,
  facts: undefined,
  asked: NOBODY,
})
