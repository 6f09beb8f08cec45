/** Rows about what goes through waypoints. */
import { sumRate, type Line, type Row } from './panel.ts'
import { failed, of, quantile, requests, total } from './waypoint-selectors.ts'

const quantiles: readonly Line[] = [
  ['p50', quantile(0.5)],
  ['p90', quantile(0.9)],
  ['p99', quantile(0.99)],
]

/** A metric of the Services that are chosen. */
const requestsOf = (metric: string): string => `${metric}{${requests}}`

/** Its rate for each of them. */
const byService = (what: string, metric: string): Line => [
  `${what}: {{destination_service_name}}`,
  sumRate(requestsOf(metric), 'destination_service_name'),
]

/** The numbers that matter. */
export const overview: Row = {
  title: 'At a glance',
  panels: [
    {
      kind: 'stat',
      title: 'Requests',
      about: 'For a second, all chosen waypoints.',
      unit: 'reqps',
      lines: [['', sumRate(total)]],
    },
    {
      kind: 'stat',
      title: 'Failed',
      about: 'The share that was answered with a status of 500 or more, by the application or for it.',
      unit: 'percentunit',
      lines: [['', `(${sumRate(failed)} or vector(0)) / ${sumRate(total)}`]],
      limits: { amber: 0.01, red: 0.05 },
    },
    {
      kind: 'stat',
      title: 'p99',
      about: 'So long did 99 of 100 requests take at most, the application included.',
      unit: 'ms',
      lines: [['', quantile(0.99)]],
    },
    {
      kind: 'stat',
      title: 'Replicas',
      about: 'That are scraped.',
      unit: 'none',
      lines: [['', `count(${of('fairway_config_generation')})`]],
    },
    {
      kind: 'stat',
      title: 'Certificate',
      about: 'How long the certificate that ends first is still valid. It is renewed after half of its life.',
      unit: 's',
      lines: [['', `min(${of('fairway_certificate_remaining_seconds')})`]],
      limits: { amber: 3600, red: 900, isBelow: true },
    },
    {
      kind: 'stat',
      title: 'Bad documents',
      about: 'Objects that could not be read. What they describe is closed: fairway waypoint status says which.',
      unit: 'none',
      lines: [['', `max(${of('fairway_config_issues')})`]],
      limits: { amber: 1, red: 1 },
    },
  ],
}

/** Of HTTP and gRPC. */
export const traffic: Row = {
  title: 'Requests',
  panels: [
    {
      title: 'By Service',
      about: 'Requests for a second.',
      unit: 'reqps',
      isStacked: true,
      lines: [
        [
          '{{destination_service_namespace}}/{{destination_service_name}}',
          sumRate(total, 'destination_service_namespace', 'destination_service_name'),
        ],
      ],
    },
    {
      title: 'By status',
      about: 'What clients got.',
      unit: 'reqps',
      isStacked: true,
      lines: [['{{response_code}}', sumRate(total, 'response_code')]],
    },
    { title: 'Time', about: 'Of a request, from its head to the end of its answer.', unit: 'ms', lines: quantiles },
    {
      title: 'Time by Service, p99',
      about: 'So long did 99 of 100 requests take at most.',
      unit: 'ms',
      lines: [['{{destination_service_name}}', quantile(0.99, 'destination_service_name')]],
    },
    {
      title: 'Failed by Service',
      about: 'The share that was answered with a status of 500 or more.',
      unit: 'percentunit',
      lines: [
        [
          '{{destination_service_name}}',
          `${sumRate(failed, 'destination_service_name')} / ${sumRate(total, 'destination_service_name')}`,
        ],
      ],
    },
    {
      title: 'By flags',
      about: 'Why the waypoint itself answered, or what went wrong on the way: response_flags of the access log.',
      unit: 'reqps',
      lines: [
        [
          '{{response_flags}} {{destination_service_name}}',
          sumRate(
            `istio_requests_total{${requests},response_flags!="-"}`,
            'response_flags',
            'destination_service_name',
          ),
        ],
      ],
    },
    {
      title: 'Callers',
      about: 'The ten that ask most.',
      unit: 'reqps',
      lines: [
        [
          '{{source_workload_namespace}}/{{source_workload}}',
          `topk(10, ${sumRate(total, 'source_workload_namespace', 'source_workload')})`,
        ],
      ],
    },
    {
      title: 'gRPC that failed',
      about: 'Calls by their grpc-status, without those that went well.',
      unit: 'reqps',
      lines: [
        [
          '{{grpc_response_status}} {{destination_service_name}}',
          sumRate(
            `istio_requests_total{${requests},request_protocol="grpc",grpc_response_status!~"0|"}`,
            'grpc_response_status',
            'destination_service_name',
          ),
        ],
      ],
    },
  ],
}

/** How much it is. */
export const bytes: Row = {
  title: 'Bytes, messages, TCP',
  panels: [
    {
      title: 'Bytes of requests and answers',
      about: 'For a second, heads included.',
      unit: 'Bps',
      lines: [
        ['requests', sumRate(`istio_request_bytes_sum{${requests}}`)],
        ['answers', sumRate(`istio_response_bytes_sum{${requests}}`)],
      ],
    },
    {
      title: 'gRPC messages',
      about: 'In streams and single calls.',
      unit: 'ops',
      lines: [
        byService('from clients', 'istio_request_messages_total'),
        byService('to clients', 'istio_response_messages_total'),
      ],
    },
    {
      title: 'TCP',
      about: 'Connections that are carried as they are: opened and closed.',
      unit: 'ops',
      lines: [
        byService('opened', 'istio_tcp_connections_opened_total'),
        byService('closed', 'istio_tcp_connections_closed_total'),
      ],
    },
    {
      title: 'Bytes of TCP',
      about: 'As clients see it.',
      unit: 'Bps',
      lines: [byService('sent', 'istio_tcp_sent_bytes_total'), byService('received', 'istio_tcp_received_bytes_total')],
    },
  ],
}
