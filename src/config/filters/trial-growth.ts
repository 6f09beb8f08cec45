/** A thread whose heap is full needs no more. */
const LEAST_GROWTH_MB = 192

/** How much a process may grow for a trial: half of what there is, since who serves beside it may need the other half. */
export const growthWithin = (growthMb: number, availableBytes: number): number =>
  Math.min(growthMb, Math.max(LEAST_GROWTH_MB, availableBytes / 2 / 2 ** 20))
