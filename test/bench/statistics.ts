/** Median and spread of a few measurements. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** The middle value, or the mean of the two in the middle; throws on an empty list. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[sorted.length >> 1]
  const lower = sorted[(sorted.length - 1) >> 1]
  if (upper === undefined || lower === undefined) throw new Error('the median of no values')
  return (lower + upper) / 2
}

/** Median, smallest and largest, each rounded to `digits` after the point (default 1). */
export const spreadOf = (values: readonly number[], digits = 1): Spread => ({
  median: roundTo(median(values), digits),
  min: roundTo(Math.min(...values), digits),
  max: roundTo(Math.max(...values), digits),
})

export const roundTo = (value: number, digits: number): number => {
  const scale = 10 ** digits
  return Math.round(value * scale) / scale
}

/** How our cost compares with a peer's: below 1 we are cheaper. */
export interface Ratio {
  /** Ratio of the two medians: what is claimed. */
  readonly ofMedians: number
  /** Ratios of runs that followed each other: how far that can be trusted. */
  readonly ofPairs: Spread
}

/** Compares two series of equal length whose entries at one index were measured in the same pair. */
export const ratioOf = (ours: readonly number[], theirs: readonly number[]): Ratio => {
  if (ours.length !== theirs.length) throw new Error(`pairs of ${ours.length} and ${theirs.length} runs`)
  return {
    ofMedians: roundTo(median(ours) / median(theirs), 2),
    ofPairs: spreadOf(
      ours.map((value, i) => value / (theirs[i] ?? Number.NaN)),
      2,
    ),
  }
}
