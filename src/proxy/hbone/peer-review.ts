import type { ChainKnowledge, Trust } from '../../identity/trust/trust.ts'
import type { Clock } from '../../lib/clock.ts'

/** A connection whose peer was let in. */
export interface ReviewedPeer {
  /** Judges it as those are that come now, and retires it when it would not be let in. */
  readonly review: (trust: Trust, chain: ChainKnowledge) => void
}

/** As long as others may hold the loop (see `ModelApplier`). */
const SLICE_MS = 2

/**
 * Judges all open connections again after a change of what is trusted, a slice in each turn of the loop: ten thousand of
 * them take a second, which traffic must not wait for.
 */
export class PeerReview {
  readonly #clock: Clock
  readonly #sliceMs: number
  #peers: ReviewedPeer[] = []
  #trust: Trust | undefined
  #isChainProven = true

  constructor(clock: Clock, sliceMs = SLICE_MS) {
    this.#clock = clock
    this.#sliceMs = sliceMs
  }

  /** There are some that have not been judged yet. */
  get isUnderWay(): boolean {
    return this.#peers.length > 0
  }

  /** Begins with all of them, in place of those that an earlier call has not come to. */
  begin(peers: readonly ReviewedPeer[], trust: Trust, isChainProven: boolean): void {
    // Who was not judged after the change before has that to be looked at as well.
    this.#isChainProven = isChainProven && (!this.isUnderWay || this.#isChainProven)
    const wasUnderWay = this.isUnderWay
    this.#peers = [...peers]
    this.#trust = trust
    if (this.isUnderWay && !wasUnderWay) setImmediate(this.#work)
  }

  readonly #work = (): void => {
    if (this.#trust !== undefined) this.#reviewSome(this.#trust)
    if (this.isUnderWay) setImmediate(this.#work)
  }

  #reviewSome(trust: Trust): void {
    const untilMs = this.#clock.monotonicMs() + this.#sliceMs
    const chain = { nowMs: this.#clock.nowMs(), isChainProven: this.#isChainProven }
    for (let peer = this.#peers.pop(); peer !== undefined; peer = this.#peers.pop()) {
      peer.review(trust, chain)
      if (this.#clock.monotonicMs() >= untilMs) return
    }
  }
}
