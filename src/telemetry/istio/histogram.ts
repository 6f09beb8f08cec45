/**
 * Upper bounds of all of Istio's histograms, milliseconds and bytes alike: Envoy's defaults, which Istio's dashboards
 * expect (waypoint contract 6.1).
 */
export const istioBounds: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
  3_600_000,
]

const BOUNDS = istioBounds.length

/** Numbers of one histogram: observations per bucket (not cumulative), those above the last bound, and their sum. */
export const HISTOGRAM_LENGTH = BOUNDS + 2

/** Counts one observation in the histogram that begins at `at`; the result is the place of its bucket. */
export const observe = (values: Float64Array, at: number, value: number): number => {
  let bucket = 0
  while (bucket < BOUNDS && value > (istioBounds[bucket] ?? 0)) bucket++
  values[at + bucket] = (values[at + bucket] ?? 0) + 1
  values[at + BOUNDS + 1] = (values[at + BOUNDS + 1] ?? 0) + value
  return at + bucket
}
