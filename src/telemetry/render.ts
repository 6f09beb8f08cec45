import { setImmediate } from 'node:timers/promises'
import type { MetricsDump } from './dump.ts'
import { formatHead } from './exposition/metric-head.ts'
import { prometheusFormat, type MetricsFormat } from './exposition/metrics-format.ts'
import { renderScalars } from './exposition/scalar-lines.ts'
import { renderFilterMetrics } from './filter-metrics.ts'
import { scalarDefinitions } from './scalars.ts'
import { istioMetrics } from './istio/istio-metrics.ts'

/** Characters put together before they are passed on, about a histogram's. */
const SLICE_LENGTH = 16 * 1024
/** And in one turn of the loop, unless that has taken so long before: the first page of a process is written slowly. */
const TURN_LENGTH = 256 * 1024
const TURN_MS = 1.5

/**
 * Writes metrics in slices between which the event loop runs: a page of thousands of series holds up nobody. The request
 * metrics are written here from labels formatted once per series, because prom-client formats 25 labels for each of 22
 * lines at every scrape (76 ms for 200 series); it writes all the others.
 */
export async function* renderMetrics(
  dump: MetricsDump,
  format: MetricsFormat = prometheusFormat,
  monotonicMs = (): number => performance.now(),
): AsyncGenerator<string, void, undefined> {
  let beganMs = monotonicMs()
  let written = 0
  const restAfter = async (length: number): Promise<void> => {
    written += length
    if (written < TURN_LENGTH && monotonicMs() - beganMs < TURN_MS) return
    await setImmediate()
    written = 0
    beganMs = monotonicMs()
  }
  const scalars = await renderScalars(dump.scalars, scalarDefinitions, format)
  yield scalars
  await restAfter(scalars.length)
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
