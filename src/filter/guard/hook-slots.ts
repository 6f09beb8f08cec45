/**
 * Which filter's code runs right now, in memory that a watchdog's thread can read while the loop is stuck. Plain stores:
 * the watchdog looks ten times a second, and does not mind to see one a moment later.
 */
export interface HookSlots {
  /**
   * `[slot of the filter whose hook runs or 0, calls so far, turns of the watch's timer, which of `watchedHooks` was last
   * called, …]`, and from `PENDING` on, by slot, how many promises of the filter are waited for.
   */
  readonly cells: Int32Array
  /** A slot that nobody has, from 1; 0 when there is none left: such a filter cannot be watched. */
  readonly take: () => number
  readonly free: (slot: number) => void
}

export const SLOT = 0
export const CALLS = 1
export const BEATS = 2
export const HOOK = 3
export const PENDING = 4
const MAX_SLOTS = 1000

/** What a filter can be found in; `reply` is the making of a body that it answers with. */
export const watchedHooks = [
  ...(['onRequest', 'onResponse', 'onComplete', 'onTunnel', 'transformRequest', 'transformResponse'] as const),
  ...(['onRequestTrailers', 'onResponseTrailers', 'onCommand', 'close', 'create', 'reply', 'serve'] as const),
] as const

export type WatchedHook = (typeof watchedHooks)[number]

/** Says that a hook begins; whoever was there before is to be put back into `SLOT` at its end. Hot. */
export const enterHook = (cells: Int32Array, slot: number, hook: number): void => {
  cells[SLOT] = slot
  cells[HOOK] = hook
  cells[CALLS] = (cells[CALLS] ?? 0) + 1
}

/** Slots that nobody watches yet; the cells are shared, so that somebody may. */
export const createHookSlots = (): HookSlots => {
  const cells = new Int32Array(new SharedArrayBuffer((PENDING + 1 + MAX_SLOTS) * Int32Array.BYTES_PER_ELEMENT))
  const taken = new Set<number>()
  return {
    cells,
    take: () => {
      for (let slot = 1; slot <= MAX_SLOTS; slot++) {
        if (taken.has(slot)) continue
        taken.add(slot)
        return slot
      }
      return 0
    },
    free: (slot) => void taken.delete(slot),
  }
}
