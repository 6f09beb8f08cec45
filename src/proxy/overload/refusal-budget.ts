/** Of the time, while others can begin. What else a refusal comes to (write, read, memory) is more than as much again. */
const SHARE = 0.015
/** It grows by as much for each second that the oldest has waited, up to this: there are more then than it can tell. */
const MAX_SHARE = 0.025
/**
 * They go in bursts: the oldest of one connection one after the other, so that their answers leave in one write, what
 * their clients send next comes in one read, and the code for it is warm.
 */
const BURST_MS = 1
/** What was saved up in a pause is no reason for a longer one. */
const MAX_SAVED_MS = 2

/** How much of the time that others want may go into telling those who wait that there is none for them. */
export class RefusalBudget {
  #savedMs = 0
  #lookedMs = Number.NEGATIVE_INFINITY
  #share = SHARE

  /** How long to refuse for now; 0: not at all. To be asked in each turn in which somebody waits. */
  sliceMs(nowMs: number): number {
    this.#savedMs = Math.min(this.#savedMs + (nowMs - this.#lookedMs) * this.#share, MAX_SAVED_MS)
    this.#lookedMs = nowMs
    return this.#savedMs >= BURST_MS ? this.#savedMs : 0
  }

  /** So much was used, and the oldest of those that were refused had waited for so long. */
  spend(ms: number, waitedMs: number): void {
    this.#savedMs = Math.max(this.#savedMs - ms, 0)
    this.#share = Math.min(Math.max((waitedMs / 1000) * SHARE, SHARE), MAX_SHARE)
  }
}
