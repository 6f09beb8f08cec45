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

/** Counts one observation in the histogram that begins at `at`. */
export const observe = (values: Float64Array, at: number, value: number): void => {
  let bucket = 0
  while (bucket < BOUNDS && value > (istioBounds[bucket] ?? 0)) bucket++
  values[at + bucket] = (values[at + bucket] ?? 0) + 1
  values[at + BOUNDS + 1] = (values[at + BOUNDS + 1] ?? 0) + value
}

/** The lines of the histogram that begins at `at`, in the exposition format; `labels` without braces. */
export const formatHistogram = (
  name: string,
  { labels, values }: { readonly labels: string; readonly values: readonly number[] },
  at: number,
): string => {
  let text = ''
  let count = 0
  for (const [i, bound] of istioBounds.entries()) {
    count += values[at + i] ?? 0
    text += `${name}_bucket{${labels},le="${bound}"} ${count}\n`
  }
  count += values[at + BOUNDS] ?? 0
  text += `${name}_bucket{${labels},le="+Inf"} ${count}\n`
  return `${text}${name}_sum{${labels}} ${values[at + BOUNDS + 1] ?? 0}\n${name}_count{${labels}} ${count}\n`
}
