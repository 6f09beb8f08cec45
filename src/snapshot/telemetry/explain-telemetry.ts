import { istioMetricNames, type MetricOverride, type MetricsPolicy } from '../../model/telemetry/metrics-policy.ts'
import type { AccessLogPolicy } from '../../model/telemetry/access-log-policy.ts'
import type { TelemetryPolicy } from '../../model/telemetry/telemetry-policy.ts'
import type { TracingPolicy } from '../../model/telemetry/tracing-policy.ts'

/** How an exchange would be told of, where Telemetry objects or the MeshConfig say anything; a line for each part. */
export const explainTelemetry = (policy: TelemetryPolicy | undefined): readonly string[] => {
  if (policy === undefined) return []
  const { key, metrics, accessLogs, tracing } = policy
  const from = key === 'mesh' ? 'MeshConfig' : `Telemetry ${key.replaceAll(',', ', ')}`
  return [
    ...(metrics === undefined ? [] : [`metrics: ${describeMetrics(metrics)} (${from})`]),
    ...(accessLogs === undefined ? [] : [`access logs: ${describeLogs(accessLogs)} (${from})`]),
    ...(tracing === undefined ? [] : [`traces: ${describeTracing(tracing)} (${from})`]),
  ]
}

/** Metrics with the same change are named together. */
const describeMetrics = ({ overrides }: MetricsPolicy): string => {
  const groups = Map.groupBy(overrides, describeOverride)
  return Array.from(groups, ([change, all]) => {
    const names = all.length === istioMetricNames.length ? 'all' : all.map(({ metric }) => metric).join(', ')
    return `${names} ${change}`
  }).join('; ')
}

const describeOverride = ({ isDisabled, tags }: MetricOverride): string => {
  if (isDisabled) return 'not counted'
  return tags
    .map((tag) => (tag.kind === 'remove' ? `without ${tag.name}` : `${tag.name} = ${tag.expression}`))
    .join(', ')
}

const describeLogs = ({ logs }: AccessLogPolicy): string =>
  logs.length === 0
    ? 'none'
    : logs
        .map(({ provider = 'as flags say', filter }) => (filter === undefined ? provider : `${provider} if ${filter}`))
        .join('; ')

const describeTracing = ({ isDisabled, provider, samplingPercentage }: TracingPolicy): string => {
  if (isDisabled) return 'no spans'
  const share = samplingPercentage === undefined ? '' : `${samplingPercentage} %`
  const to = provider === undefined ? '' : `to ${provider}`
  return [share, to].filter((part) => part !== '').join(' ') || 'as flags say'
}
