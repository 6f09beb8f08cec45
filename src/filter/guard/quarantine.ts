/** When a filter is not called for a while; times are monotonic milliseconds. */
export type QuarantineState =
  | { readonly state: 'active' }
  /** Not called until then. */
  | { readonly state: 'quarantined'; readonly untilMs: number }
  /** Called for one exchange at a time, until it has shown that it can. */
  | { readonly state: 'probation' }

/** So many failures one after the other, … */
const MAX_IN_ROW = 10
/** … or this share of at least so many calls in so long a time. */
const MAX_RATIO = 0.5
const MIN_CALLS = 20
const WINDOW_MS = 10_000
/** The first time; doubled with each that comes soon after the one before. */
const FIRST_MS = 30_000
const LAST_MS = 300_000
/** What has taken a process down with it is not tried again soon: each try may cost another one. */
const FIRST_FATAL_MS = 300_000
const LAST_FATAL_MS = 3_600_000
/** Probes in a row that end probation. */
const PROBES = 3
/** After so long without a quarantine the next one is a first one. */
const FORGIVEN_MS = 600_000

/**
 * Decides from its failures whether a filter is called. A filter in force that does well costs two increments a call;
 * time is looked at only when something fails.
 */
export class Quarantine {
  /** Hot: `true` means that the filter is simply called. */
  isActive = true
  /** Of what has taken a process down no hook at all is called. */
  #isFatal = false
  #untilMs = 0
  #probes = 0
  #isProbing = false
  #strikes = 0
  #endedMs = Number.NEGATIVE_INFINITY
  #inRow = 0
  #calls = 0
  #windowStartMs = Number.NEGATIVE_INFINITY
  #callsBefore = 0
  #failures = 0

  /** Whether it may be told how exchanges end: those that it had let in when it was quarantined end too. */
  get hears(): boolean {
    return this.isActive || !this.#isFatal
  }

  /** Leave to call a filter that is not active; each leave is followed by one `pass`, `fail` or `condemn`. */
  admit(nowMs: number): boolean {
    if (this.isActive) return true
    if (nowMs < this.#untilMs || this.#isProbing) return false
    this.#isProbing = true
    return true
  }

  /** A call did well. */
  pass(nowMs: () => number): void {
    this.#calls++
    this.#inRow = 0
    if (!this.isActive) this.#passProbe(nowMs())
  }

  /** A call failed, `isFatal`: and took its thread down; true when that begins a quarantine. */
  fail(nowMs: number, isFatal = false): boolean {
    this.#calls++
    if (!this.isActive) {
      // Of calls that began before the quarantine nothing new is learnt.
      if (!this.#isProbing) return false
      this.#begin(nowMs, FIRST_MS, LAST_MS)
      return true
    }
    if (nowMs - this.#windowStartMs > WINDOW_MS) {
      this.#windowStartMs = nowMs
      this.#callsBefore = this.#calls - 1
      this.#failures = 0
    }
    this.#failures++
    this.#inRow++
    const calls = this.#calls - this.#callsBefore
    const isMuch = calls >= MIN_CALLS && this.#failures >= calls * MAX_RATIO
    if (!isFatal && this.#inRow < MAX_IN_ROW && !isMuch) return false
    this.#begin(nowMs, FIRST_MS, LAST_MS)
    return true
  }

  /** It has held the loop, or filled the memory: for how long it is not called. */
  condemn(nowMs: number): number {
    this.#begin(nowMs, FIRST_FATAL_MS, LAST_FATAL_MS)
    this.#isFatal = true
    return this.#untilMs - nowMs
  }

  /** Not called for so long, since another process has found out about it. */
  hold(nowMs: number, forMs: number): void {
    this.#strikes = Math.max(this.#strikes, 1)
    this.#enter(nowMs + forMs)
    this.#isFatal = true
  }

  /** Whether it has been over for so long that the next one would be a first one. */
  isForgiven(nowMs: number): boolean {
    return nowMs - this.#untilMs >= FORGIVEN_MS
  }

  read(nowMs: number): QuarantineState {
    if (this.isActive) return { state: 'active' }
    return nowMs < this.#untilMs ? { state: 'quarantined', untilMs: this.#untilMs } : { state: 'probation' }
  }

  #passProbe(nowMs: number): void {
    if (!this.#isProbing) return
    this.#isProbing = false
    this.#probes++
    if (this.#probes < PROBES) return
    this.isActive = true
    this.#endedMs = nowMs
    this.#inRow = 0
    this.#windowStartMs = Number.NEGATIVE_INFINITY
  }

  #begin(nowMs: number, firstMs: number, lastMs: number): void {
    if (this.isActive && nowMs - this.#endedMs >= FORGIVEN_MS) this.#strikes = 0
    const forMs = Math.min(firstMs * 2 ** this.#strikes, lastMs)
    this.#strikes = Math.min(this.#strikes + 1, 16)
    this.#enter(nowMs + forMs)
  }

  #enter(untilMs: number): void {
    this.isActive = false
    this.#isFatal = false
    this.#isProbing = false
    this.#probes = 0
    this.#untilMs = untilMs
  }
}
