/** Records of logs by OTLP; loaded when there is a collector for them. */
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { SendOutcome } from '../../otlp/export-queue.ts'
import type { ExporterOptions } from '../../otlp/exporter.ts'
import type { Exporters } from '../../otlp/exporters.ts'
import { otlpSignals } from '../../otlp/otlp-signal.ts'
import type { LogAttributes } from '../format/compile-attributes.ts'
import type { LogEntry } from './log-entry.ts'

type ReadableLogs = Parameters<typeof ProtobufLogsSerializer.serializeRequest>[0]
type ReadableLog = ReadableLogs[number]

/** What it takes to tell a collector of exchanges. */
export interface LogExporterOptions extends Pick<ExporterOptions, 'target' | 'onWarning'> {
  /** Attributes of the resource. */
  readonly resource: LogAttributes
  readonly version: string
}

/** A way to a collector. */
export interface LogExporter {
  /** Never rejects. */
  readonly send: (entries: readonly LogEntry[]) => Promise<SendOutcome>
  readonly close: () => void
}

/** Opens the way to a collector. */
export const openLogExporter = async (options: LogExporterOptions, exporters: Exporters): Promise<LogExporter> => {
  const { target, resource, version, onWarning } = options
  const { send, close } = await exporters.open({ signal: otlpSignals.LOGS, target, onWarning })
  const shared = {
    resource: resourceFromAttributes(resource),
    instrumentationScope: { name: 'fairway', version },
    droppedAttributesCount: 0,
  }
  return {
    send: async (entries) => {
      const bytes = ProtobufLogsSerializer.serializeRequest(entries.map((entry) => toReadable(entry, shared)))
      if (bytes === undefined) return { kind: 'failed', isPassing: false, message: 'the records cannot be written' }
      return send({ bytes, items: entries.length })
    },
    close,
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
