/** The dashboard of waypoints. */
import { rate, sumRate, type Dashboard, type Line, type Panel, type Row } from './panel.ts'

/** Of the Pods that are chosen. */
const at = 'namespace=~"$namespace",pod=~"$pod"'
/** Of the Services that are chosen, as the waypoint tells it. */
const requests = `reporter="waypoint",${at},destination_service_name=~"$service"`
const total = `istio_requests_total{${requests}}`
const failed = `istio_requests_total{${requests},response_code=~"5.."}`
const of = (metric: string): string => `${metric}{${at}}`

const quantile = (share: number, ...by: readonly string[]): string =>
  `histogram_quantile(${share}, ${sumRate(`istio_request_duration_milliseconds_bucket{${requests}}`, ...by, 'le')})`

const quantiles: readonly Line[] = [
  ['p50', quantile(0.5)],
  ['p90', quantile(0.9)],
  ['p99', quantile(0.99)],
]

/** Each value of a label of a counter by itself. */
const byLabel = (title: string, metric: string, label: string, about: string): Panel => ({
  title,
  about,
  unit: 'ops',
  lines: [[`{{${label}}}`, `${sumRate(of(metric), label)} > 0`]],
})

const overview: Row = {
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
      limits: { amber: 14_400, red: 3600, isBelow: true },
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

const traffic: Row = {
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

const connections = `${at},destination_service_name=~"$service"`
const tcp = (metric: string): string => `${metric}{reporter="waypoint",${connections}}`

const bytes: Row = {
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
        [
          'from clients: {{destination_service_name}}',
          sumRate(tcp('istio_request_messages_total'), 'destination_service_name'),
        ],
        [
          'to clients: {{destination_service_name}}',
          sumRate(tcp('istio_response_messages_total'), 'destination_service_name'),
        ],
      ],
    },
    {
      title: 'TCP',
      about: 'Connections that are carried as they are: opened and closed.',
      unit: 'ops',
      lines: [
        [
          'opened: {{destination_service_name}}',
          sumRate(tcp('istio_tcp_connections_opened_total'), 'destination_service_name'),
        ],
        [
          'closed: {{destination_service_name}}',
          sumRate(tcp('istio_tcp_connections_closed_total'), 'destination_service_name'),
        ],
      ],
    },
    {
      title: 'Bytes of TCP',
      about: 'As clients see it.',
      unit: 'Bps',
      lines: [
        ['sent: {{destination_service_name}}', sumRate(tcp('istio_tcp_sent_bytes_total'), 'destination_service_name')],
        [
          'received: {{destination_service_name}}',
          sumRate(tcp('istio_tcp_received_bytes_total'), 'destination_service_name'),
        ],
      ],
    },
  ],
}

const decisions: Row = {
  title: 'Refused, and sent again',
  panels: [
    {
      title: 'Authorization',
      about: 'What AuthorizationPolicies decided. Mode tells those that only watch.',
      unit: 'ops',
      lines: [
        ['{{action}} {{verdict}} {{mode}}', sumRate(of('fairway_authz_decisions_total'), 'action', 'verdict', 'mode')],
      ],
    },
    byLabel(
      'Overload',
      'fairway_overload_refused_total',
      'reason',
      'Refused for lack of time or room: more replicas, or fewer requests.',
    ),
    byLabel('Limits', 'fairway_upstream_overflow_total', 'limit', 'Limits of BackendPolicies that were in the way.'),
    byLabel('Sent again', 'fairway_retries_total', 'reason', 'Tries that were repeated, by what had become of them.'),
    byLabel(
      'Not sent again',
      'fairway_retries_refused_total',
      'reason',
      'Repetitions that something forbade: the budget, most of the time.',
    ),
    byLabel('Deadlines', 'fairway_deadlines_exceeded_total', 'deadline', 'Peers that kept us waiting too long.'),
  ],
}

const endpoints: Row = {
  title: 'Endpoints',
  panels: [
    {
      title: 'Unhealthy',
      about: 'Endpoints that get fewer requests than others, or none, as the worker sees it that has most of them.',
      unit: 'none',
      lines: [['{{state}} {{pod}}', `${of('fairway_endpoints_unhealthy')} > 0`]],
    },
    byLabel('Ejected', 'fairway_endpoint_ejections_total', 'reason', 'By what for.'),
    {
      title: 'Connections',
      about: 'To endpoints: those that are open, and those that fail.',
      unit: 'none',
      lines: [
        ['open', `sum(${of('fairway_upstream_connections_open')})`],
        ['failed in a minute', `60 * ${sumRate(of('fairway_upstream_connect_failures_total'))}`],
        ['of another identity, in a minute', `60 * ${sumRate(of('fairway_upstream_identity_mismatches_total'))}`],
      ],
    },
  ],
}

const tunnels: Row = {
  title: 'HBONE',
  panels: [
    {
      title: 'Open',
      about: 'Connections of clients’ ztunnels, the tunnels in them, and TCP that is carried as it is.',
      unit: 'none',
      lines: [
        ['connections', `sum(${of('fairway_connections_open')})`],
        ['tunnels', `sum(${of('fairway_tunnels_open')})`],
        ['TCP', `sum(${of('fairway_tcp_connections_open')})`],
      ],
    },
    {
      title: 'Handshakes',
      about: 'Those that succeeded, by side and key exchange, and those that failed.',
      unit: 'ops',
      lines: [
        ['{{side}} {{group}}', sumRate(of('fairway_handshakes_total'), 'side', 'group')],
        ['failed', sumRate(of('fairway_tls_handshake_failures_total'))],
        ['not let in: {{reason}}', `${sumRate(of('fairway_handshake_refusals_total'), 'reason')} > 0`],
      ],
    },
    byLabel(
      'CONNECT refused',
      'fairway_connect_refused_total',
      'reason',
      'Tunnels to what is not of this waypoint, or not permitted.',
    ),
  ],
}

const filters: Row = {
  title: 'Filters',
  panels: [
    {
      title: 'Calls',
      about: 'Hooks of users’ filters.',
      unit: 'ops',
      lines: [['{{filter}}', sumRate(of('fairway_filter_calls_total'), 'filter')]],
    },
    {
      title: 'Failures',
      about: 'What filters failed by. fairway filter list says how each does.',
      unit: 'ops',
      lines: [['{{filter}} {{kind}}', `${sumRate(of('fairway_filter_failures_total'), 'filter', 'kind')} > 0`]],
    },
    {
      title: 'In quarantine',
      about: 'Processes in which a filter failed too often and is not called for a while.',
      unit: 'none',
      lines: [['{{filter}}', `sum by (filter) (${of('fairway_filter_quarantined')}) > 0`]],
      limits: { amber: 1, red: 1 },
    },
  ],
}

const processes: Row = {
  title: 'Replicas',
  panels: [
    {
      title: 'CPU',
      about: 'Cores. One replica has one thread for traffic.',
      unit: 'none',
      lines: [['{{pod}}', rate(of('process_cpu_seconds_total'))]],
    },
    {
      title: 'Memory',
      about: 'What is resident.',
      unit: 'bytes',
      lines: [['{{pod}}', of('process_resident_memory_bytes')]],
    },
    {
      title: 'Event loop',
      about: 'How late it is: 99 of 100 times at most, since the last scrape. Filters that compute for long show here.',
      unit: 's',
      lines: [['{{pod}}', of('nodejs_eventloop_lag_p99_seconds')]],
    },
    {
      title: 'Under way',
      about: 'Requests that are being carried; what waits for its turn; what waits for a Service to have less to do.',
      unit: 'none',
      lines: [
        ['under way', `sum(${of('fairway_exchanges_active')})`],
        ['waiting', `sum(${of('fairway_requests_waiting')})`],
        ['pending upstream', `sum(${of('fairway_upstream_requests_pending')})`],
      ],
    },
    {
      title: 'Buffered',
      about: 'Bytes received that wait for whoever is to take them.',
      unit: 'bytes',
      lines: [['{{pod}}', of('fairway_buffered_bytes')]],
    },
    {
      title: 'Configuration',
      about: 'Its generation in each replica; it grows with each change.',
      unit: 'none',
      lines: [['{{pod}}', of('fairway_config_generation')]],
    },
    {
      title: 'Lost to see',
      about: 'Log lines that nobody read in time, and series beyond the limit.',
      unit: 'ops',
      lines: [
        ['log lines', sumRate(of('fairway_access_log_dropped_total'))],
        ['series', sumRate(of('fairway_metric_series_overflow_total'))],
      ],
    },
  ],
}

/** Traffic, decisions and how the replicas do. */
export const waypoints: Dashboard = {
  uid: 'fairway-waypoints',
  title: 'Fairway / Waypoints',
  about: 'What goes through waypoints of Fairway, what was decided about it, and how the replicas do.',
  choices: [
    { name: 'namespace', title: 'Namespace', query: 'label_values(fairway_config_generation, namespace)' },
    { name: 'pod', title: 'Replica', query: 'label_values(fairway_config_generation{namespace=~"$namespace"}, pod)' },
    {
      name: 'service',
      title: 'Service',
      query: `label_values(istio_requests_total{reporter="waypoint",${at}}, destination_service_name)`,
    },
  ],
  rows: [overview, traffic, bytes, decisions, endpoints, tunnels, filters, processes],
}
