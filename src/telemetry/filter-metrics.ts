/** What filters count, of one process or several, as Prometheus reads it. */
import type { FilterMetricDump } from '../filter/env/filter-metrics.ts'
import type { MetricSeries } from '../filter/env/metric-family.ts'
import { formatBounds, formatHistogram } from './exposition/histogram-lines.ts'
import { formatHead } from './exposition/metric-head.ts'
import type { MetricsFormat } from './exposition/metrics-format.ts'
import { formatLabels } from './labels.ts'

/**
 * The metrics of several workers as those of one: what has the same filter, name and labels is added. While workers change
 * over to another version of a filter, what the two describe differently is shown as the first one has it.
 */
export const mergeFilterMetrics = (dumps: readonly FilterMetricDump[]): readonly FilterMetricDump[] => {
  const metrics = new Map<string, { readonly shape: FilterMetricDump; readonly series: Map<string, number[]> }>()
  for (const dump of dumps) {
    const key = `${dump.filter} ${dump.name}`
    const metric = metrics.get(key) ?? { shape: dump, series: new Map<string, number[]>() }
    metrics.set(key, metric)
    if (!isSameShape(metric.shape, dump)) continue
    for (const { values, numbers } of dump.series) {
      const of = JSON.stringify(values)
      const sum = metric.series.get(of)
      if (sum === undefined) metric.series.set(of, [...numbers])
      else for (const [i, number] of numbers.entries()) sum[i] = (sum[i] ?? 0) + number
    }
  }
  return Array.from(metrics.values(), ({ shape, series }) => ({
    ...shape,
    series: Array.from(series, ([of, numbers]) => ({ values: JSON.parse(of) as readonly string[], numbers })),
  }))
}

/** A piece of text for each metric, those of all filters that have it together. */
export function* renderFilterMetrics(dumps: readonly FilterMetricDump[], format: MetricsFormat): Generator<string> {
  const byName = Map.groupBy(dumps, ({ name }) => name)
  for (const [first, ...others] of byName.values()) {
    if (first === undefined) continue
    // A name has one type; filters of other processes may see it otherwise while versions change.
    const alike = [first, ...others.filter(({ type }) => type === first.type)]
    const lines = alike.flatMap((dump) => dump.series.map((series) => formatSeries(dump, series, format)))
    yield formatHead(first, format, (other) => byName.has(other)) + lines.join('')
  }
}

const isSameShape = (a: FilterMetricDump, b: FilterMetricDump): boolean =>
  a.type === b.type && a.labels.join() === b.labels.join() && a.buckets.join() === b.buckets.join()

const formatSeries = (
  { name, filter, type, labels, buckets }: FilterMetricDump,
  { values, numbers }: MetricSeries,
  format: MetricsFormat,
): string => {
  const named = labels.map((label, i): readonly [string, string] => [label, values[i] ?? ''])
  const text = formatLabels([['filter', filter], ...named])
  if (type === 'counter') return `${name}{${text}} ${numbers[0] ?? 0}\n`
  return formatHistogram({ name, labels: text, bounds: formatBounds(buckets, format), values: numbers }, format)
}
