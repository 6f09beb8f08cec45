/** Spans by OTLP; loaded when there are any to be told of. */
import { ProtobufTraceSerializer, TraceExporterMetricsHelper } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { openExporter, type OtlpExporter, type OtlpSignal } from '../otlp/open-exporter.ts'
import type { CallService, OtlpTarget } from '../otlp/otlp-target.ts'
import { PeerTags, type Tags } from './peer-tags.ts'
import { toSpans } from './to-spans.ts'
import type { TracedExchange } from './traced-exchange.ts'

const traceSignal: OtlpSignal<ReadableSpan[]> = {
  name: 'TRACES',
  serializer: ProtobufTraceSerializer,
  metrics: TraceExporterMetricsHelper,
  method: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  path: 'v1/traces',
}

/** What it takes to tell a collector of exchanges. */
export interface TraceExporterOptions {
  readonly target: OtlpTarget
  readonly call: CallService
  readonly onWarning: (message: string) => void
  /** Attributes of the resource. */
  readonly resource: Tags
  readonly selfTags: Tags
  readonly version: string
}

/** Opens the way to a collector for exchanges that are over. */
export const openTraceExporter = async (
  options: TraceExporterOptions,
): Promise<OtlpExporter<readonly TracedExchange[]>> => {
  const { target, resource, selfTags, version } = options
  const exporter = await openExporter(traceSignal, target, options)
  const parts = {
    resource: resourceFromAttributes(resource),
    scope: { name: 'fairway', version },
    selfTags,
    peers: new PeerTags(),
  }
  return {
    send: (exchanges) => exporter.send(exchanges.flatMap((exchange) => toSpans(exchange, parts))),
    close: exporter.close,
  }
}
