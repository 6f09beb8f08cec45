// Not the whole of it, which loads OpenTelemetry, a push gateway with zlib, and cluster: 1.2 MB for nothing here.
import Counter from 'prom-client/lib/counter.js'
import Gauge from 'prom-client/lib/gauge.js'
import Registry from 'prom-client/lib/registry.js'
import type { ScalarDump } from '../dump.ts'
import type { ScalarDefinition } from '../scalars.ts'
import type { MetricsFormat } from './metrics-format.ts'

/**
 * Metrics of few labels as text; those that `definitions` do not know are left out. The registry is made for one page:
 * once it has written OpenMetrics, prom-client has taken `_total` from the names of its counters.
 */
export const renderScalars = async (
  scalars: readonly ScalarDump[],
  definitions: ReadonlyMap<string, ScalarDefinition>,
  { kind }: MetricsFormat,
): Promise<string> => {
  const registry: OneRegistry = new Registry<ContentType>()
  registry.setContentType(kind === 'prometheus' ? Registry.PROMETHEUS_CONTENT_TYPE : Registry.OPENMETRICS_CONTENT_TYPE)
  const metrics = new Map<string, Counter | Gauge>()
  for (const { name, label, value } of scalars) {
    const definition = definitions.get(name)
    if (definition === undefined) continue
    const metric = metrics.get(name) ?? createMetric(definition, registry)
    metrics.set(name, metric)
    metric.inc(formatScalarLabels(definition, label), value)
  }
  // The page goes on.
  return metrics.size === 0 ? '' : (await registry.metrics()).replace(/# EOF\n$/, '')
}

type ContentType = Registry['contentType'] | typeof Registry.OPENMETRICS_CONTENT_TYPE
type OneRegistry = Registry<ContentType>

const createMetric = (definition: ScalarDefinition, registry: OneRegistry): Counter | Gauge => {
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
