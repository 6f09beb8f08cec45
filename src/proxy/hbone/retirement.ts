import type { RetireReason } from '../../identity/trust/refusal-reason.ts'
import type { Counters } from '../counters.ts'
import type { Deadlines } from '../limits/deadlines.ts'

/** What is left to a connection, by why it has to end. */
export type RetirementDeadlines = Pick<Deadlines, 'distrustedPeerMs' | 'expiredPeerMs' | 'agedConnectionMs'>

/** How long what may take, and where it is counted. */
export interface RetirementParts {
  readonly deadlines: RetirementDeadlines
  readonly counters: Pick<Counters, 'connectionsRetired' | 'deadlines'>
}

/** The worse of two reasons counts. A certificate that ran out says nothing against its holder, and age against nobody. */
const RANKS: Readonly<Record<RetireReason, number>> = {
  aged: 0,
  expired: 1,
  revoked: 2,
  untrustedRoot: 2,
  foreignTrustDomain: 2,
}

/** From the GOAWAY that announces the end to the final one: long enough for tunnels that are being opened. */
const ANNOUNCED_MS = 1000

/**
 * The end of one connection whose peer is not permitted any more, or that is old enough: no new tunnels, and after a time
 * that depends on the reason the rest is cut.
 */
export class Retirement {
  readonly #parts: RetirementParts
  #reason: RetireReason | undefined
  #sinceMs = 0

  constructor(parts: RetirementParts) {
    this.#parts = parts
  }

  /** Why, once it has begun. */
  get reason(): RetireReason | undefined {
    return this.#reason
  }

  /** False: it has begun before, for a reason that is as bad. */
  begin(reason: RetireReason): boolean {
    if (this.#reason !== undefined && RANKS[reason] <= RANKS[this.#reason]) return false
    if (this.#reason === undefined) this.#parts.counters.connectionsRetired[reason]++
    this.#reason = reason
    this.#sinceMs = 0
    return true
  }

  /** How far it is, asked every second or so with the monotonic time; `undefined`: it has not begun. */
  phase(nowMs: number): 'announced' | 'final' | 'over' | undefined {
    if (this.#reason === undefined) return undefined
    if (this.#sinceMs === 0) this.#sinceMs = nowMs
    const passedMs = nowMs - this.#sinceMs
    const limitMs = this.#parts.deadlines[`${this.#deadline}Ms`]
    if (limitMs > 0 && passedMs >= limitMs) return 'over'
    return passedMs < ANNOUNCED_MS ? 'announced' : 'final'
  }

  /** The connection is cut since its time is over. */
  noteCut(): void {
    this.#parts.counters.deadlines[this.#deadline]++
  }

  get #deadline(): 'agedConnection' | 'expiredPeer' | 'distrustedPeer' {
    if (this.#reason === 'aged') return 'agedConnection'
    return this.#reason === 'expired' ? 'expiredPeer' : 'distrustedPeer'
  }
}
