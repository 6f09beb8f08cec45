/** Of the time, while others can begin. What else a refusal comes to (write, read, memory) is more than as much again. */
const SHARE = 0.015
/**
 * They go in bursts: the oldest came one after the other on the same connections, so that their answers leave in a few
 * writes, what their clients send next comes in a few reads, and the code for it is warm.
 */
const BURST_MS = 1
/** What was saved up in a pause is no reason for a longer one. */
const MAX_SAVED_MS = 2

/** How much of the time that others want may go into telling those who wait that there is none for them. */
export class RefusalBudget {
  #savedMs = 0
  #lookedMs = Number.NEGATIVE_INFINITY

  /** How long to refuse for now; 0: not at all. To be asked in each turn in which somebody waits. */
  sliceMs(nowMs: number): number {
    this.#savedMs = Math.min(this.#savedMs + (nowMs - this.#lookedMs) * SHARE, MAX_SAVED_MS)
    this.#lookedMs = nowMs
    return this.#savedMs >= BURST_MS ? this.#savedMs : 0
  }

  /** So much was used. */
  spend(ms: number): void {
    this.#savedMs = Math.max(this.#savedMs - ms, 0)
  }
}
