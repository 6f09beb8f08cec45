import { setImmediate } from 'node:timers/promises'
import type { MetricsDump } from './dump.ts'
import { formatHead } from './exposition/metric-head.ts'
import { prometheusFormat, type MetricsFormat } from './exposition/metrics-format.ts'
import { renderScalars } from './exposition/scalar-lines.ts'
import { renderFilterMetrics } from './filter-metrics.ts'
import { scalarDefinitions } from './scalars.ts'
import { istioMetrics } from './istio/istio-metrics.ts'

/**
 * Characters written in one go, a fifth of a millisecond. What is larger than 128 KB V8 puts among what is old, so that
 * every few of such pieces it collects everything.
 */
const SLICE_LENGTH = 64 * 1024
/** And in one turn of the loop: under load a turn takes ten times as long as a slice, and a page has dozens. */
const TURN_LENGTH = 4 * SLICE_LENGTH

/**
 * Writes metrics in slices between which the event loop runs: a page of thousands of series holds up nobody. The request
 * metrics are written here from labels formatted once per series, because prom-client formats 25 labels for each of 22
 * lines at every scrape (76 ms for 200 series); it writes all the others.
 */
export async function* renderMetrics(
  dump: MetricsDump,
  format: MetricsFormat = prometheusFormat,
): AsyncGenerator<string, void, undefined> {
  let written = 0
  const restAfter = async (length: number): Promise<void> => {
    written += length
    if (written < TURN_LENGTH) return
    written = 0
    await setImmediate()
  }
  yield await renderScalars(dump.scalars, scalarDefinitions, format)
  for (const text of renderFilterMetrics(dump.filters ?? [], format)) {
    yield text
    await restAfter(text.length)
  }
  for (const metric of istioMetrics) {
    const series = dump.series.filter(
      ({ kind, metrics }) => kind === metric.kind && (metrics === undefined || (metrics & metric.bit) !== 0),
    )
    if (series.length > 0) yield formatHead(metric, format)
    let text = ''
    for (const one of series) {
      text += metric.format(one, format)
      if (text.length < SLICE_LENGTH) continue
      yield text
      const { length } = text
      text = ''
      await restAfter(length)
    }
    if (text !== '') yield text
  }
  if (format.kind === 'openmetrics') yield '# EOF\n'
}
