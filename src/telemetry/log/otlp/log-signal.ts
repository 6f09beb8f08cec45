/** Records of logs by OTLP; loaded when there is a collector for them. */
import { LogsExporterMetricsHelper, ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { openExporter, type ExporterDeps, type OtlpExporter, type OtlpSignal } from '../../otlp/open-exporter.ts'
import type { OtlpTarget } from '../../otlp/otlp-target.ts'
import type { LogAttributes } from '../format/compile-attributes.ts'
import type { LogEntry } from './log-entry.ts'

type ReadableLogs = Parameters<typeof ProtobufLogsSerializer.serializeRequest>[0]
type ReadableLog = ReadableLogs[number]

const logSignal: OtlpSignal<ReadableLogs> = {
  name: 'LOGS',
  serializer: ProtobufLogsSerializer,
  metrics: LogsExporterMetricsHelper,
  method: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  path: 'v1/logs',
}

/** What it takes to tell a collector of exchanges. */
export interface LogExporterOptions extends ExporterDeps {
  readonly target: OtlpTarget
  /** Attributes of the resource. */
  readonly resource: LogAttributes
  readonly version: string
}

/** Opens the way to a collector. */
export const openLogExporter = async (options: LogExporterOptions): Promise<OtlpExporter<readonly LogEntry[]>> => {
  const exporter = await openExporter(logSignal, options.target, options)
  const shared = {
    resource: resourceFromAttributes(options.resource),
    instrumentationScope: { name: 'fairway', version: options.version },
    droppedAttributesCount: 0,
  }
  return {
    send: (entries) => exporter.send(entries.map((entry) => toReadable(entry, shared))),
    close: exporter.close,
  }
}

/** Numbers of OpenTelemetry's severities. */
const SEVERITIES = { INFO: 9, WARN: 13, ERROR: 17 } as const

const SAMPLED = 1

const toReadable = (
  { timeMs, observedMs, severity, body, attributes, traceId, spanId, isSampled }: LogEntry,
  shared: Pick<ReadableLog, 'resource' | 'instrumentationScope' | 'droppedAttributesCount'>,
): ReadableLog => ({
  ...shared,
  hrTime: hrTimeOf(timeMs),
  hrTimeObserved: hrTimeOf(observedMs),
  severityText: severity,
  severityNumber: SEVERITIES[severity],
  ...(body === undefined ? {} : { body }),
  attributes,
  ...(traceId === undefined || spanId === undefined
    ? {}
    : { spanContext: { traceId, spanId, traceFlags: isSampled ? SAMPLED : 0 } }),
})

/** Seconds and nanoseconds. */
const hrTimeOf = (ms: number): [number, number] => {
  const seconds = Math.floor(ms / 1000)
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)]
}
