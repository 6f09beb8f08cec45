/** Spans by OTLP; loaded when there are any to be told of. */
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { openExporter, type ExporterDeps, type OtlpExporter, type OtlpSignal } from '../otlp/open-exporter.ts'
import type { OtlpTarget } from '../otlp/otlp-target.ts'
import { SpanWriter, type SpanParts } from './span-writer.ts'
import type { TracedExchange } from './traced-exchange.ts'

const spansOf = ({ record }: TracedExchange): number => 1 + Math.min(record.trace?.tries.length ?? 0, record.attempts)

const traceSignal = (writer: SpanWriter): OtlpSignal<readonly TracedExchange[]> => ({
  name: 'TRACES',
  serializer: {
    serializeRequest: (exchanges) => writer.write(exchanges),
    deserializeResponse: (answer) => ProtobufTraceSerializer.deserializeResponse(answer),
  },
  metrics: {
    name: 'span',
    countItems: (exchanges) => exchanges.reduce((sum, exchange) => sum + spansOf(exchange), 0),
  },
  method: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  path: 'v1/traces',
})

/** Opens the way to a collector for exchanges that are over. */
export const openTraceExporter = (
  target: OtlpTarget,
  parts: SpanParts,
  deps: ExporterDeps,
): Promise<OtlpExporter<readonly TracedExchange[]>> => openExporter(traceSignal(new SpanWriter(parts)), target, deps)
