/** How a figure develops: a straight line through its points. */
export interface Trend {
  readonly points: number
  readonly mean: number
  readonly slopePerHour: number
  /** By how much the line rises from its first point to its last, as a share of its value at the first (0.05: 5 %). */
  readonly growth: number
  /** The same in units of the figure. */
  readonly rise: number
}

/** Least squares; `undefined` for fewer than three points or none of them apart. */
export const trendOf = (points: readonly (readonly [atMs: number, value: number])[]): Trend | undefined => {
  if (points.length < 3) return undefined
  const meanX = average(points.map(([x]) => x))
  const mean = average(points.map(([, y]) => y))
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  if (spread === 0) return undefined
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - mean), 0) / spread
  const xs = points.map(([x]) => x)
  const first = mean + slope * (Math.min(...xs) - meanX)
  const last = mean + slope * (Math.max(...xs) - meanX)
  const growth = first > 0 ? last / first - 1 : 0
  return { points: points.length, mean, slopePerHour: slope * 3_600_000, growth, rise: last - first }
}

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
