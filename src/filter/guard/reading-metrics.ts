import type { FilterMetricDump } from '../env/filter-metrics.ts'
import { hookBoundsMs } from './reading.ts'
import type { FilterReading } from './reading.ts'

const bucketsSeconds = hookBoundsMs.map((bound) => bound / 1000)

/** For how long hooks of filters held the loop, as a metric of each filter; its versions count as one. */
export const hookTimeMetrics = (readings: readonly FilterReading[]): readonly FilterMetricDump[] =>
  Array.from(
    Map.groupBy(readings, ({ id }) => id),
    ([filter, versions]) => ({
      filter,
      type: 'histogram',
      name: 'fairway_filter_hook_seconds',
      help: 'For how long hooks of filters held the event loop',
      labels: [],
      buckets: bucketsSeconds,
      series: [{ values: [], numbers: numbersOf(versions) }],
    }),
  )

const numbersOf = (versions: readonly FilterReading[]): readonly number[] => {
  const numbers = new Array<number>(hookBoundsMs.length + 2).fill(0)
  for (const { hookBuckets, hookMs } of versions) {
    for (const [i, count] of hookBuckets.entries()) numbers[i] = (numbers[i] ?? 0) + count
    numbers[numbers.length - 1] = (numbers.at(-1) ?? 0) + hookMs.sum / 1000
  }
  return numbers
}
