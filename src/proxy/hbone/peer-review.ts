import type { ChainKnowledge, Trust } from '../../identity/trust/trust.ts'
import type { Clock } from '../../lib/clock.ts'
import { Slices } from './slices.ts'

/** A connection whose peer was let in. */
export interface ReviewedPeer {
  /** Judges it as those are that come now, and retires it when it would not be let in. */
  readonly review: (trust: Trust, chain: ChainKnowledge) => void
}

/** Judges all open connections again after a change of what is trusted. */
export class PeerReview {
  readonly #clock: Clock
  readonly #slices: Slices<ReviewedPeer>
  readonly #trust: () => Trust
  #isChainProven = true

  /** `trust` is what is in force when a peer has its turn. */
  constructor(trust: () => Trust, clock: Clock) {
    this.#clock = clock
    this.#trust = trust
    this.#slices = new Slices((peer) => this.#review(peer), clock)
  }

  /** Begins with all of them, in place of those that an earlier call has not come to. */
  begin(peers: readonly Iterable<ReviewedPeer>[], isChainProven: boolean): void {
    // Who was not judged after the change before has that to be looked at as well.
    this.#isChainProven = isChainProven && (!this.#slices.isUnderWay || this.#isChainProven)
    this.#slices.clear()
    for (const some of peers) this.#slices.add(some)
  }

  #review(peer: ReviewedPeer): void {
    peer.review(this.#trust(), { nowMs: this.#clock.nowMs(), isChainProven: this.#isChainProven })
  }
}
