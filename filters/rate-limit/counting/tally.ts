/** What one key has used of a limit. */
export interface Tally {
  /** Until `cost` may be taken; 0: now. */
  readonly waitMs: (cost: number, nowMs: number) => number
  /** Takes it, also where it is not there. */
  readonly take: (cost: number, nowMs: number) => void
  /** Others have taken it since `sinceMs`, and say so only now. */
  readonly note: (cost: number, sinceMs: number, nowMs: number) => void
  /** What `note` has to be told elsewhere, so that the same is used there, but for so much that will be told by itself. */
  readonly used: (nowMs: number, untold: number) => readonly (readonly [cost: number, sinceMs: number])[]
  readonly remaining: (nowMs: number) => number
  /** Until nothing is used any more. */
  readonly resetMs: (nowMs: number) => number
}
