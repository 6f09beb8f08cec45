import type { SeriesDump } from '../dump.ts'
import type { SeriesKind } from '../labels.ts'
import { formatExemplar } from '../exposition/exemplar.ts'
import { formatBounds, formatHistogram } from '../exposition/histogram-lines.ts'
import type { MetricHead } from '../exposition/metric-head.ts'
import { openMetricsFormat, prometheusFormat, type MetricsFormat } from '../exposition/metrics-format.ts'
import type { IstioMetricName } from '../../model/telemetry/metrics-policy.ts'
import { istioBounds } from './histogram.ts'
import { messageValues, requestValues } from './istio-series.ts'
import { metricBits } from './metrics-plan.ts'
import { tcpValues } from './tcp-values.ts'

/** One of Istio's metrics: its head, which series have it, and how it is written of one of them. */
export interface IstioMetric extends MetricHead {
  readonly kind: SeriesKind
  /** Its bit among those of a series (`metricBits`). */
  readonly bit: number
  /** Lines of the exposition format. */
  readonly format: (series: SeriesDump, format: MetricsFormat) => string
}

const bounds = {
  prometheus: formatBounds(istioBounds, prometheusFormat),
  openmetrics: formatBounds(istioBounds, openMetricsFormat),
} as const

const counter = (
  metric: IstioMetricName,
  [name, help]: readonly [name: string, help: string],
  [kind, at]: readonly [kind: SeriesKind, at: number],
): IstioMetric => ({
  name,
  help,
  type: 'counter',
  kind,
  bit: metricBits[metric],
  format: ({ labels, values, exemplars }, format) =>
    `${name}{${labels}} ${values[at] ?? 0}${formatExemplar(exemplars?.[at], format)}\n`,
})

const histogram = (
  metric: IstioMetricName,
  [name, help]: readonly [name: string, help: string],
  at: number,
): IstioMetric => ({
  name,
  help,
  type: 'histogram',
  kind: 'request',
  bit: metricBits[metric],
  format: ({ labels, values, exemplars }, format) =>
    formatHistogram({ name, labels, bounds: bounds[format.kind], values, at, exemplars }, format),
})

/** All of waypoint contract 6.1 but `istio_build`, in the order in which they are written. */
export const istioMetrics: readonly IstioMetric[] = [
  counter(
    'REQUEST_COUNT',
    ['istio_requests_total', 'Requests, counted when they end'],
    ['request', requestValues.count],
  ),
  histogram(
    'REQUEST_DURATION',
    [
      'istio_request_duration_milliseconds',
      'Duration of requests in milliseconds, but those that became something else (WebSocket)',
    ],
    requestValues.durationMs,
  ),
  histogram(
    'REQUEST_SIZE',
    ['istio_request_bytes', 'Sizes of requests in bytes, heads included'],
    requestValues.requestBytes,
  ),
  histogram(
    'RESPONSE_SIZE',
    ['istio_response_bytes', 'Sizes of responses in bytes, heads included'],
    requestValues.responseBytes,
  ),
  counter(
    'GRPC_REQUEST_MESSAGES',
    ['istio_request_messages_total', 'Messages that gRPC clients have sent'],
    ['messages', messageValues.request],
  ),
  counter(
    'GRPC_RESPONSE_MESSAGES',
    ['istio_response_messages_total', 'Messages sent to gRPC clients'],
    ['messages', messageValues.response],
  ),
  counter(
    'TCP_OPENED_CONNECTIONS',
    ['istio_tcp_connections_opened_total', 'TCP connections that were opened'],
    ['tcp', tcpValues.opened],
  ),
  counter(
    'TCP_CLOSED_CONNECTIONS',
    ['istio_tcp_connections_closed_total', 'TCP connections that are over'],
    ['tcp', tcpValues.closed],
  ),
  counter('TCP_SENT_BYTES', ['istio_tcp_sent_bytes_total', 'Bytes sent to TCP clients'], ['tcp', tcpValues.sent]),
  counter(
    'TCP_RECEIVED_BYTES',
    ['istio_tcp_received_bytes_total', 'Bytes received from TCP clients'],
    ['tcp', tcpValues.received],
  ),
]
