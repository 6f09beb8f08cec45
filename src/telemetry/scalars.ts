import type { HealthCounters } from '../proxy/balance/health/health-counters.ts'
import type { Counters } from '../proxy/counters.ts'

/** A metric without the wide labels of a request: what it is called, and how those of several workers become one. */
export interface ScalarDefinition {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly merge: 'sum' | 'max' | 'min'
  /** Its label, or several. */
  readonly label?: string | readonly string[]
}

/** A counter that is added up over workers. */
export const total = (name: string, help: string): ScalarDefinition => ({ name, help, type: 'counter', merge: 'sum' })
/** A gauge; by default those of several workers are added up. */
export const gauge = (name: string, help: string, merge: 'sum' | 'max' | 'min' = 'sum'): ScalarDefinition => ({
  name,
  help,
  type: 'gauge',
  merge,
})

type LabelledCounter =
  | 'connectRefused'
  | 'deadlines'
  | 'retries'
  | 'retriesRefused'
  | 'overloadRefused'
  | 'upstreamOverflow'
  | 'sessions'
  | 'handshakeRefusals'
  | 'connectionsRetired'
  | 'externalAuthorization'

/** Fields of `Counters` that are one number each; a field added there without a metric here does not compile. */
export const counterMetrics: Readonly<
  Record<Exclude<keyof Counters, LabelledCounter | 'endpoints' | 'handshakes'>, ScalarDefinition>
> = {
  openConnections: gauge('fairway_connections_open', 'HBONE connections that are open'),
  connectionsTotal: total('fairway_connections_total', 'HBONE connections accepted from trusted peers'),
  openTunnels: gauge('fairway_tunnels_open', 'HBONE tunnels that are open'),
  tunnelsTotal: total('fairway_tunnels_total', 'CONNECT requests received'),
  activeExchanges: gauge('fairway_exchanges_active', 'Requests under way'),
  openTcpConnections: gauge('fairway_tcp_connections_open', 'TCP connections that are carried as they are'),
  tcpConnectionsTotal: total('fairway_tcp_connections_total', 'TCP connections carried as they are, or refused'),
  tlsHandshakeFailures: total('fairway_tls_handshake_failures_total', 'TLS handshakes of clients that failed'),
  openHandshakes: gauge('fairway_tls_handshakes_open', 'TLS handshakes of clients that wait or are under way'),
  handshakesShed: total(
    'fairway_tls_handshakes_shed_total',
    'Connections closed because more handshakes came than the CPU had time for',
  ),
  connectionsDropped: total(
    'fairway_connections_dropped_total',
    'Connections closed unseen because as many were open as may be',
  ),
  untrustedPeers: total('fairway_untrusted_peers_total', 'Peers refused after the handshake because of their identity'),
  upstreamConnectionsTotal: total('fairway_upstream_connections_total', 'Connections opened to endpoints'),
  openUpstreamConnections: gauge('fairway_upstream_connections_open', 'Connections to endpoints that are open'),
  upstreamConnectFailures: total('fairway_upstream_connect_failures_total', 'Connections to endpoints that failed'),
  upstreamIdentityMismatches: total(
    'fairway_upstream_identity_mismatches_total',
    'Endpoints that presented another identity than their own',
  ),
  upstreamTlsFailures: total(
    'fairway_upstream_tls_failures_total',
    'TLS handshakes with applications that failed, or whose certificate was refused',
  ),
  openMirrors: gauge('fairway_mirrors_open', 'Copies of requests that are under way to mirrors'),
  mirrorsTotal: total('fairway_mirrors_total', 'Copies of requests sent to mirrors'),
  mirrorsDropped: total('fairway_mirrors_dropped_total', 'Copies of requests that were not made, or given up'),
  heldBytes: gauge('fairway_buffered_bytes', 'Bytes received that wait for whoever is to take them'),
  bufferLimitReached: total('fairway_buffer_limit_reached_total', 'Times that more bytes waited than should'),
  holdersShed: total(
    'fairway_buffer_holders_shed_total',
    'Tunnels and plaintext connections ended because far more bytes waited than should, and most of them there',
  ),
  pendingRequests: gauge(
    'fairway_upstream_requests_pending',
    'Requests that wait until a Service port has less to do, or a connection to spare',
  ),
  waitingRequests: gauge('fairway_requests_waiting', 'Requests that wait for their turn, as of the last second'),
  overloadConnectionsClosed: total(
    'fairway_overload_connections_closed_total',
    'Connections closed because memory was nearly gone, and their client had most of it',
  ),
  filterErrors: total(
    'fairway_filter_errors_total',
    'Exceptions of your filters, and what filters made that cannot be sent; exceptions of built-in ones are in fairway_errors_caught_total',
  ),
  errorsCaught: total(
    'fairway_errors_caught_total',
    'Errors in code of Fairway that ended one request, tunnel or connection, or nothing; the log tells of them',
  ),
  jwtCacheHits: total('fairway_jwt_cache_hits_total', 'Tokens that had been verified before'),
  jwtVerifications: total('fairway_jwt_verifications_total', 'Tokens whose signature was checked'),
  jwtRefused: total('fairway_jwt_refused_total', 'Requests refused for their token'),
  jwksFetches: total('fairway_jwks_fetches_total', 'Times that keys of an issuer were asked for'),
  jwksFetchFailures: total('fairway_jwks_fetch_failures_total', 'Times that they could not be got'),
}

/** Fields of `Counters` that are several numbers, each under its name as the one label. */
export const labelledMetrics: Readonly<Record<LabelledCounter, ScalarDefinition>> = {
  connectRefused: {
    ...total('fairway_connect_refused_total', 'CONNECT requests refused, by reason'),
    label: 'reason',
  },
  deadlines: {
    ...total('fairway_deadlines_exceeded_total', 'Peers that kept us waiting too long, by the deadline'),
    label: 'deadline',
  },
  retries: {
    ...total('fairway_retries_total', 'Requests sent again, by what had become of the try before'),
    label: 'reason',
  },
  retriesRefused: {
    ...total('fairway_retries_refused_total', 'Repetitions that were wanted and not made, by what forbade them'),
    label: 'reason',
  },
  handshakeRefusals: {
    ...total('fairway_handshake_refusals_total', 'Clients not let in, in the handshake or right after it, by reason'),
    label: 'reason',
  },
  connectionsRetired: {
    ...total(
      'fairway_connections_retired_total',
      'HBONE connections, on either side, whose peer is not permitted any more or that are old enough, by reason',
    ),
    label: 'reason',
  },
  externalAuthorization: {
    ...total(
      'fairway_external_authorization_total',
      'Requests that somebody else was asked about, by what came of it; failed_open are failed ones that passed',
    ),
    label: 'outcome',
  },
  upstreamOverflow: {
    ...total(
      'fairway_upstream_overflow_total',
      'Requests and connections that a limit of their Service port was in the way of, by which',
    ),
    label: 'limit',
  },
  sessions: {
    ...total(
      'fairway_sessions_total',
      'Answers to requests of sessions, by whether the session begins, or moved to another endpoint',
    ),
    label: 'state',
  },
  overloadRefused: {
    ...total(
      'fairway_overload_refused_total',
      'Requests and tunnels refused for lack of time or room, by what ran out',
    ),
    label: 'reason',
  },
}

/** Handshakes on HBONE: `Counters.handshakes`. */
export const handshakeMetric: ScalarDefinition = {
  ...total('fairway_handshakes_total', 'HBONE handshakes that succeeded, by side and key exchange group'),
  label: ['side', 'group'],
}

/** What AuthorizationPolicies decided: `DecisionCounts`. */
export const decisionMetric: ScalarDefinition = {
  ...total(
    'fairway_authz_decisions_total',
    'Requests and connections that AuthorizationPolicies decided about, and what those would have that only watch',
  ),
  label: ['action', 'verdict', 'mode'],
}

/** Pairs of answers that were compared, or should have been: `ComparisonReading.outcomes`. */
export const comparisonMetric: ScalarDefinition = {
  ...total('fairway_mirror_comparisons_total', 'Answers of mirrors beside those of the primary, by what came of it'),
  label: ['comparison', 'outcome'],
}

/** How users' filters do. */
export const filterMetrics = {
  calls: { ...total('fairway_filter_calls_total', 'Hooks of filters called'), label: 'filter' },
  failures: {
    ...total('fairway_filter_failures_total', 'Failures of filters, by kind'),
    label: ['filter', 'kind'],
  },
  quarantined: {
    ...gauge('fairway_filter_quarantined', 'Processes in which a filter is not called for now, or only tried'),
    label: 'filter',
  },
} as const satisfies Readonly<Record<string, ScalarDefinition>>

/** Of our certificate and whom we trust; told once for all workers. */
export const certificateMetrics = {
  info: {
    ...gauge(
      'fairway_certificate_info',
      'Who issued our certificate, a hash of its serial number, and its source',
      'max',
    ),
    label: ['issuer', 'serial_hash', 'source'],
  },
  remaining: gauge(
    'fairway_certificate_remaining_seconds',
    'How long our certificate and its chain are still valid; negative when they are no more',
    'min',
  ),
  rotations: total('fairway_certificate_rotations_total', 'Certificates that took over from another'),
  failures: total('fairway_certificate_failures_total', 'Attempts to get a certificate that failed, or gave a bad one'),
  trustRoots: gauge('fairway_trust_roots', 'Roots whose certificates are trusted', 'max'),
  crlExpiry: {
    ...gauge(
      'fairway_crl_expiry_timestamp_seconds',
      'When a revocation list in force is to be replaced, by its CA, in seconds since the epoch',
      'min',
    ),
    label: 'issuer',
  },
} as const satisfies Readonly<Record<string, ScalarDefinition>>

/** What became of endpoints: `Counters.endpoints`. Each worker has its own view, so that states are those of the worst. */
export const endpointMetrics: Readonly<Record<keyof HealthCounters, ScalarDefinition>> = {
  ejections: {
    ...total('fairway_endpoint_ejections_total', 'Endpoints ejected, by what for'),
    label: 'reason',
  },
  spared: total(
    'fairway_endpoint_ejections_spared_total',
    'Ejections not made, since too many endpoints of the Service port are ejected',
  ),
  returns: total('fairway_endpoint_returns_total', 'Endpoints that are healthy again'),
  rests: total('fairway_endpoint_rests_total', 'Answers that asked for fewer requests (Retry-After, gRPC push-back)'),
  probes: {
    ...total('fairway_endpoint_probes_total', 'Dials to endpoints on probation, by what came of them'),
    label: 'result',
  },
  states: {
    ...gauge('fairway_endpoints_unhealthy', 'Endpoints that have fewer requests than others, or none, by state', 'max'),
    label: 'state',
  },
}

/** Everything else that is one number. Names of process metrics are those of prom-client's collectors. */
export const otherMetrics = {
  build: {
    ...gauge('istio_build', 'Istio component build info', 'max'),
    label: 'tag',
  },
  configGeneration: gauge('fairway_config_generation', 'Generation of the configuration in force', 'min'),
  configIssues: gauge('fairway_config_issues', 'Documents of the configuration that could not be read', 'max'),
  seriesOverflow: total('fairway_metric_series_overflow_total', 'Times that a new series found the table full'),
  accessLogDropped: total(
    'fairway_access_log_dropped_total',
    'Access log lines dropped because nobody read them, or they could not be written',
  ),
  logRecordsReported: {
    ...total(
      'fairway_log_records_total',
      'Records of access logs and flows that collectors were to get, by what became of it: exported, queue_full, failed',
    ),
    label: 'outcome',
  },
  tracesReported: {
    ...total(
      'fairway_traced_exchanges_total',
      'Exchanges that collectors were to be told of, by what became of it: exported, queue_full, failed',
    ),
    label: 'outcome',
  },
  certificateNotAfter: gauge(
    'fairway_certificate_expiry_timestamp_seconds',
    'When our certificate expires, in seconds since the epoch',
    'min',
  ),
  cpuSeconds: total('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds'),
  residentBytes: gauge('process_resident_memory_bytes', 'Resident memory size in bytes'),
  heapUsedBytes: gauge('nodejs_heap_size_used_bytes', 'Process heap size used from Node.js in bytes'),
  startTime: gauge('process_start_time_seconds', 'Start time of the process in seconds since the epoch', 'min'),
  loopDelayP50: gauge(
    'nodejs_eventloop_lag_p50_seconds',
    'Turns of the event loop since the last scrape: the 50th percentile of how long they took',
    'max',
  ),
  loopDelayP99: gauge(
    'nodejs_eventloop_lag_p99_seconds',
    'Turns of the event loop since the last scrape: the 99th percentile of how long they took',
    'max',
  ),
  loopDelayMax: gauge(
    'nodejs_eventloop_lag_max_seconds',
    'The longest turn of the event loop since the last scrape',
    'max',
  ),
} as const satisfies Readonly<Record<string, ScalarDefinition>>

/** All definitions by metric name. */
export const scalarDefinitions: ReadonlyMap<string, ScalarDefinition> = new Map(
  [
    counterMetrics,
    labelledMetrics,
    { handshakeMetric, decisionMetric, comparisonMetric },
    filterMetrics,
    certificateMetrics,
    endpointMetrics,
    otherMetrics,
  ]
    .flatMap((definitions): readonly ScalarDefinition[] => Object.values(definitions))
    .map((definition) => [definition.name, definition]),
)
