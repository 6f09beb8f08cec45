import { setImmediate } from 'node:timers/promises'
// Not the whole of it, which loads OpenTelemetry, a push gateway with zlib, and cluster: 1.2 MB for nothing here.
import Counter from 'prom-client/lib/counter.js'
import Gauge from 'prom-client/lib/gauge.js'
import Registry from 'prom-client/lib/registry.js'
import type { MetricsDump, ScalarDump } from './dump.ts'
import { renderFilterMetrics } from './filter-metrics.ts'
import { scalarDefinitions, type ScalarDefinition } from './scalars.ts'
import { istioMetrics } from './istio/istio-metrics.ts'

/** The media type of what `renderMetrics` writes. */
export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE

/** Series written in one go. A histogram's is about 20 KB of text; so many take about a millisecond. */
const SERIES_PER_SLICE = 32

/**
 * Writes metrics in Prometheus' text format 0.0.4, in slices between which the event loop runs: a page of thousands of
 * series holds up nobody. The request metrics are written here from labels formatted once per series, because
 * prom-client formats 25 labels for each of 22 lines at every scrape (76 ms for 200 series); it writes all the others.
 */
export async function* renderMetrics(dump: MetricsDump): AsyncGenerator<string, void, undefined> {
  yield await renderScalars(dump.scalars)
  for (const text of renderFilterMetrics(dump.filters ?? [])) {
    yield text
    await setImmediate()
  }
  for (const { name, help, type, kind, format } of istioMetrics) {
    const series = dump.series.filter((one) => one.kind === kind)
    if (series.length > 0) yield `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
    for (let i = 0; i < series.length; i += SERIES_PER_SLICE) {
      yield series
        .slice(i, i + SERIES_PER_SLICE)
        .map(format)
        .join('')
      await setImmediate()
    }
  }
}

const renderScalars = (scalars: readonly ScalarDump[]): Promise<string> => {
  const registry = new Registry()
  const metrics = new Map<string, Counter | Gauge>()
  for (const { name, label, value } of scalars) {
    const definition = scalarDefinitions.get(name)
    if (definition === undefined) continue
    const metric = metrics.get(name) ?? createMetric(definition, registry)
    metrics.set(name, metric)
    metric.inc(formatScalarLabels(definition, label), value)
  }
  return registry.metrics()
}

const createMetric = (definition: ScalarDefinition, registry: Registry): Counter | Gauge => {
  const { name, help, type } = definition
  const labelNames = Object.keys(formatScalarLabels(definition, ''))
  const options = { name, help, labelNames, registers: [registry] }
  return type === 'counter' ? new Counter(options) : new Gauge(options)
}

/** Istio's dashboards join on `istio_build{component="proxy"}`. */
const formatScalarLabels = (definition: ScalarDefinition, label: ScalarDump['label']): Record<string, string> => {
  const labels: Record<string, string> = definition.name === 'istio_build' ? { component: 'proxy' } : {}
  const values = listOf(label)
  for (const [i, name] of listOf(definition.label).entries()) labels[name] = values[i] ?? ''
  return labels
}

const listOf = (texts: string | readonly string[] | undefined): readonly string[] =>
  typeof texts === 'string' ? [texts] : (texts ?? [])
