/** The labels that all of Istio's metrics have, in their order (waypoint contract 6.1): who talks to whom. */
export const peerLabelNames = [
  'reporter',
  'source_workload',
  'source_canonical_service',
  'source_canonical_revision',
  'source_workload_namespace',
  'source_principal',
  'source_app',
  'source_version',
  'source_cluster',
  'destination_workload',
  'destination_workload_namespace',
  'destination_principal',
  'destination_app',
  'destination_version',
  'destination_service',
  'destination_canonical_service',
  'destination_canonical_revision',
  'destination_service_name',
  'destination_service_namespace',
  'destination_cluster',
] as const

/** Those that come behind them; not all metrics have all. */
export const outcomeLabelNames = [
  'request_protocol',
  'response_code',
  'grpc_response_status',
  'response_flags',
  'connection_security_policy',
] as const

/** Every label that any of Istio's metrics has. */
export const istioLabelNames: ReadonlySet<string> = new Set([...peerLabelNames, ...outcomeLabelNames])
