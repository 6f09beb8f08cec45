/** Spans by OTLP; loaded when there are any to be told of. */
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import type { Clock } from '../../lib/clock.ts'
import { openExporter, type ExporterDeps, type OtlpSignal } from '../otlp/open-exporter.ts'
import type { OtlpTarget } from '../otlp/otlp-target.ts'
import { ReportWriter, type ReportParts } from './spans/report-writer.ts'
import type { SpanReport } from './spans/span-report.ts'
import { SpanReports } from './span-reports.ts'

const traceSignal: OtlpSignal<readonly SpanReport[]> = {
  name: 'TRACES',
  serializer: {
    serializeRequest: (reports) => {
      const [only] = reports
      // Several such messages one behind the other are one.
      return only !== undefined && reports.length === 1 ? only.bytes : Buffer.concat(reports.map(({ bytes }) => bytes))
    },
    deserializeResponse: (answer) => ProtobufTraceSerializer.deserializeResponse(answer),
  },
  metrics: {
    name: 'span',
    countItems: (reports) => reports.reduce((sum, { spans }) => sum + spans, 0),
  },
  method: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  path: 'v1/traces',
}

/** What it takes beside. */
interface ReportDeps extends ExporterDeps {
  readonly clock: Clock
  /** From 0 to 1, for the jitter of waits. */
  readonly random: () => number
  /** A report that is not full goes out after so long. */
  readonly delayMs: number
}

/** Opens the way to a collector for exchanges that are over. */
export const openSpanReports = async (
  target: OtlpTarget,
  parts: ReportParts,
  deps: ReportDeps,
): Promise<{ readonly queue: SpanReports; readonly close: () => void }> => {
  const { clock, random, delayMs, onWarning } = deps
  const { send, close } = await openExporter(traceSignal, target, deps)
  const onFailure = (message: string): void => onWarning(`spans of exchanges were lost: ${message}`)
  return { queue: new SpanReports(new ReportWriter(parts), { clock, random, send, delayMs, onFailure }), close }
}
