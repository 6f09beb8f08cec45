/** So many failures in a row, over so long a time, and nobody is asked for a while. */
const FAILURES = 5
const FAILING_MS = 100
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 1000

/**
 * Keeps requests from waiting for somebody who does not answer: after some failures in a row nobody is asked, and then one at a
 * time, until one is answered.
 */
export class Breaker {
  readonly #onChange: (isOpen: boolean) => void
  #failures = 0
  #failingSinceMs = 0
  #isOpen = false
  #pauseMs = FIRST_PAUSE_MS
  #askAgainAtMs = 0
  #isProbing = false

  /** `onChange` is told once when it opens, and once when it has closed. */
  constructor(onChange: (isOpen: boolean) => void) {
    this.#onChange = onChange
  }

  /** Whether to ask now; who is told yes must say what came of it. */
  admits(nowMs: number): boolean {
    if (!this.#isOpen) return true
    if (this.#isProbing || nowMs < this.#askAgainAtMs) return false
    this.#isProbing = true
    return true
  }

  succeed(): void {
    const wasOpen = this.#isOpen
    // What was asked before it opened may be answered late: only a probe says that all is well again.
    if (wasOpen && !this.#isProbing) return
    this.#failures = 0
    this.#isOpen = false
    this.#isProbing = false
    this.#pauseMs = FIRST_PAUSE_MS
    if (wasOpen) this.#onChange(false)
  }

  fail(nowMs: number): void {
    const wasOpen = this.#isOpen
    if (wasOpen && !this.#isProbing) return
    if (this.#failures++ === 0) this.#failingSinceMs = nowMs
    // Many at once may be one short pause, of theirs or of ours.
    if (!wasOpen && (this.#failures < FAILURES || nowMs - this.#failingSinceMs < FAILING_MS)) return
    this.#isOpen = true
    this.#isProbing = false
    this.#askAgainAtMs = nowMs + this.#pauseMs
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2)
    if (!wasOpen) this.#onChange(true)
  }
}
