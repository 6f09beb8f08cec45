/** What of `HookSlots` is looked at. */
export interface StallReading {
  readonly slot: number
  readonly calls: number
  readonly beats: number
}

/** How the loop of the watched thread is. */
export type Stall =
  | { readonly kind: 'none' }
  /** A hook has been running for some looks: if the process dies now, it is suspected. */
  | { readonly kind: 'suspect'; readonly slot: number }
  /** It has run for far too long. */
  | { readonly kind: 'stuck'; readonly slot: number }
  /** The loop has not turned for very long, and no hook was entered: what goes on is behind an `await`, or not a filter's. */
  | { readonly kind: 'silent' }
  /** The same for so long that nothing is left to wait for. */
  | { readonly kind: 'dead' }

/** How often somebody has to look. */
export const LOOK_MS = 100
/** Looks at the same call. */
const SUSPECT_LOOKS = 2
const STUCK_LOOKS = 10
const SILENT_LOOKS = 30
const DEAD_LOOKS = 100
/** Whoever looks so late was stopped himself, and so was the other one. */
const LATE_MS = 400

/** Tells a loop that is stuck from one that is busy; counts looks, not time, since a machine may stop both threads. */
export class StallWatch {
  #seen: StallReading = { slot: 0, calls: 0, beats: 0 }
  #sameCall = 0
  #sameBeat = 0
  #lookedMs = 0

  look(reading: StallReading, nowMs: number): Stall {
    const isLate = nowMs - this.#lookedMs > LATE_MS
    this.#lookedMs = nowMs
    const { slot, calls, beats } = reading
    const isSameCall = slot !== 0 && slot === this.#seen.slot && calls === this.#seen.calls
    this.#sameCall = isSameCall && !isLate ? this.#sameCall + 1 : 0
    this.#sameBeat = beats === this.#seen.beats && !isLate ? this.#sameBeat + 1 : 0
    this.#seen = reading
    if (this.#sameCall >= STUCK_LOOKS) return { kind: 'stuck', slot }
    if (this.#sameCall >= SUSPECT_LOOKS) return { kind: 'suspect', slot }
    if (slot === 0 && this.#sameBeat >= DEAD_LOOKS) return { kind: 'dead' }
    if (slot === 0 && this.#sameBeat >= SILENT_LOOKS) return { kind: 'silent' }
    return { kind: 'none' }
  }
}
