/**
 * Which filter's code runs right now, in memory that a watchdog's thread can read while the loop is stuck. Plain stores:
 * the watchdog looks ten times a second, and does not mind to see one a moment later.
 */
export interface HookSlots {
  /** `[slot of the filter whose hook runs or 0, calls so far, turns of the watch's timer]`, 32 bits each. */
  readonly cells: Int32Array
}

export const SLOT = 0
export const CALLS = 1
export const BEATS = 2

/** Cells that nobody watches yet; shared, so that somebody may. */
export const createHookSlots = (): HookSlots => ({ cells: new Int32Array(new SharedArrayBuffer(12)) })
