import { Histogram } from '../load/histogram.ts'
import type { Outcome } from './plan.ts'

/** Counts what became of requests; recording costs a few additions. */
export class Tally {
  due = 0
  unsent = 0
  failed = 0
  readonly #accepted = new Histogram()
  readonly #refused = new Histogram()

  onAnswer(isAccepted: boolean, tookMs: number): void {
    if (isAccepted) this.#accepted.record(tookMs * 1000)
    else this.#refused.record(tookMs * 1000)
  }

  outcome(): Outcome {
    return {
      due: this.due,
      unsent: this.unsent,
      accepted: this.#accepted.total,
      refused: this.#refused.total,
      failed: this.failed,
      acceptedMs: quantilesOf(this.#accepted),
      refusedMs: quantilesOf(this.#refused),
    }
  }
}

const quantilesOf = (histogram: Histogram): Outcome['acceptedMs'] => ({
  p50: histogram.quantile(0.5) / 1000,
  p99: histogram.quantile(0.99) / 1000,
})
