/** What one key has used of a limit. */
export interface Tally {
  /** Until `cost` may be taken; 0: now. */
  readonly waitMs: (cost: number, nowMs: number) => number
  /** Takes it, also where it is not there. */
  readonly take: (cost: number, nowMs: number) => void
  readonly remaining: (nowMs: number) => number
  /** Until nothing is used any more. */
  readonly resetMs: (nowMs: number) => number
}
