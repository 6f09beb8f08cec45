import type { OverloadReason } from './overload-reason.ts'

/** A request that is there, and for which nobody has done anything yet. */
export interface WaitingRequest {
  /** Kept by the queue, monotonic. */
  waitingSinceMs: number
  /** Its client has gone meanwhile. */
  readonly isGone: boolean
  /** It is its turn. */
  readonly resume: () => void
  /** It has to be answered that there is no time for it. */
  readonly refuse: (reason: OverloadReason) => void
  /** It may have to wait long, for its turn or for a refusal: called once at most. */
  readonly park?: () => void
  /** The same for all that came on one connection, and whose answers leave in one write therefore. */
  readonly way?: object
}
