/** Rows about what waypoints decide, whom they know, and how they do. */
import { rate, sumRate, type Row } from './panel.ts'
import { byLabel, of } from './waypoint-selectors.ts'

/** What was refused, and what was tried again. */
export const decisions: Row = {
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

/** Whom they send to. */
export const endpoints: Row = {
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

/** Who sends to them. */
export const tunnels: Row = {
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

/** Users' code. */
export const filters: Row = {
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

/** The processes. */
export const processes: Row = {
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
      about:
        'How long its turns take, and what comes meanwhile waits: 99 of 100 at most, since the last scrape. Filters that compute for long show here.',
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
      title: 'Errors caught',
      about:
        'In code of Fairway: at most the request, tunnel or connection that met one was ended, and the log says where.',
      unit: 'ops',
      lines: [['{{pod}}', sumRate(of('fairway_errors_caught_total'), 'pod')]],
      limits: { amber: 0.001, red: 1 },
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
