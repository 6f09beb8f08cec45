import { setImmediate } from 'node:timers/promises'
import type { MetricsDump } from './dump.ts'
import { formatHead } from './exposition/metric-head.ts'
import { prometheusFormat, type MetricsFormat } from './exposition/metrics-format.ts'
import { renderScalars } from './exposition/scalar-lines.ts'
import { renderFilterMetrics } from './filter-metrics.ts'
import { scalarDefinitions } from './scalars.ts'
import { istioMetrics } from './istio/istio-metrics.ts'

/** Series written in one go. A histogram's is about 20 KB of text; so many take about a millisecond. */
const SERIES_PER_SLICE = 32

/**
 * Writes metrics in slices between which the event loop runs: a page of thousands of series holds up nobody. The request
 * metrics are written here from labels formatted once per series, because prom-client formats 25 labels for each of 22
 * lines at every scrape (76 ms for 200 series); it writes all the others.
 */
export async function* renderMetrics(
  dump: MetricsDump,
  format: MetricsFormat = prometheusFormat,
): AsyncGenerator<string, void, undefined> {
  yield await renderScalars(dump.scalars, scalarDefinitions, format)
  for (const text of renderFilterMetrics(dump.filters ?? [], format)) {
    yield text
    await setImmediate()
  }
  for (const metric of istioMetrics) {
    const series = dump.series.filter(({ kind }) => kind === metric.kind)
    if (series.length > 0) yield formatHead(metric, format)
    for (let i = 0; i < series.length; i += SERIES_PER_SLICE) {
      yield series
        .slice(i, i + SERIES_PER_SLICE)
        .map((one) => metric.format(one, format))
        .join('')
      await setImmediate()
    }
  }
  if (format.kind === 'openmetrics') yield '# EOF\n'
}
