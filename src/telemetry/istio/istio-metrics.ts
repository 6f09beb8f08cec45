import type { SeriesDump } from '../dump.ts'
import type { SeriesKind } from '../labels.ts'
import { formatExemplar } from '../exposition/exemplar.ts'
import { formatBounds, formatHistogram } from '../exposition/histogram-lines.ts'
import type { MetricHead } from '../exposition/metric-head.ts'
import { openMetricsFormat, prometheusFormat, type MetricsFormat } from '../exposition/metrics-format.ts'
import { istioBounds } from './histogram.ts'
import { messageValues, requestValues } from './istio-series.ts'
import { tcpValues } from './tcp-values.ts'

/** One of Istio's metrics: its head, which series have it, and how it is written of one of them. */
export interface IstioMetric extends MetricHead {
  readonly kind: SeriesKind
  /** Lines of the exposition format. */
  readonly format: (series: SeriesDump, format: MetricsFormat) => string
}

const bounds = {
  prometheus: formatBounds(istioBounds, prometheusFormat),
  openmetrics: formatBounds(istioBounds, openMetricsFormat),
} as const

const counter = (name: string, help: string, [kind, at]: readonly [kind: SeriesKind, at: number]): IstioMetric => ({
  name,
  help,
  type: 'counter',
  kind,
  format: ({ labels, values, exemplars }, format) =>
    `${name}{${labels}} ${values[at] ?? 0}${formatExemplar(exemplars?.[at], format)}\n`,
})

const histogram = (name: string, help: string, at: number): IstioMetric => ({
  name,
  help,
  type: 'histogram',
  kind: 'request',
  format: ({ labels, values, exemplars }, format) =>
    formatHistogram({ name, labels, bounds: bounds[format.kind], values, at, exemplars }, format),
})

/** All of waypoint contract 6.1 but `istio_build`, in the order in which they are written. */
export const istioMetrics: readonly IstioMetric[] = [
  counter('istio_requests_total', 'Requests, counted when they end', ['request', requestValues.count]),
  histogram(
    'istio_request_duration_milliseconds',
    'Duration of requests in milliseconds, but those that became something else (WebSocket)',
    requestValues.durationMs,
  ),
  histogram('istio_request_bytes', 'Sizes of requests in bytes, heads included', requestValues.requestBytes),
  histogram('istio_response_bytes', 'Sizes of responses in bytes, heads included', requestValues.responseBytes),
  counter('istio_request_messages_total', 'Messages that gRPC clients have sent', ['messages', messageValues.request]),
  counter('istio_response_messages_total', 'Messages sent to gRPC clients', ['messages', messageValues.response]),
  counter('istio_tcp_connections_opened_total', 'TCP connections that were opened', ['tcp', tcpValues.opened]),
  counter('istio_tcp_connections_closed_total', 'TCP connections that are over', ['tcp', tcpValues.closed]),
  counter('istio_tcp_sent_bytes_total', 'Bytes sent to TCP clients', ['tcp', tcpValues.sent]),
  counter('istio_tcp_received_bytes_total', 'Bytes received from TCP clients', ['tcp', tcpValues.received]),
]
