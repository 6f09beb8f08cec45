/** The first wait and the longest. */
export interface BackoffRange {
  /** Default 1000. */
  readonly firstMs?: number
  /** Default 60,000. */
  readonly lastMs?: number
}

/**
 * How long to wait before somebody who failed is asked again, after `failures` in a row (from 1): the first wait, doubled
 * with each, up to the longest, less a random part of up to a half, so that replicas do not come back in step.
 */
export const backoffMs = (
  failures: number,
  random: () => number,
  { firstMs = 1000, lastMs = 60_000 }: BackoffRange = {},
): number => {
  const delayMs = Math.min(firstMs * 2 ** Math.min(Math.max(failures, 1) - 1, 16), lastMs)
  return Math.round(delayMs - (delayMs / 2) * random())
}
