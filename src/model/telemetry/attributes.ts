import type { ValueType } from '../../lib/expression/compiler.ts'

/**
 * What expressions about an exchange may speak of (filters of access logs, values of metric tags), by type; the names are
 * Envoy's attributes and those that Istio adds. A value that is not known of an exchange has no answer.
 */
export const exchangeAttributes = {
  /** Without the query. */
  'request.url_path': 'string',
  /** With it. */
  'request.path': 'string',
  'request.query': 'string',
  'request.host': 'string',
  'request.method': 'string',
  'request.scheme': 'string',
  'request.protocol': 'string',
  'request.id': 'string',
  'request.useragent': 'string',
  'request.referer': 'string',
  'request.headers': 'map',
  'request.duration': 'duration',
  'request.total_size': 'int',
  'response.code': 'int',
  'response.code_details': 'string',
  /** Envoy's bits. */
  'response.flags': 'int',
  /** Ours: as `response_flags` has them in the log, `UF,URX`. */
  'response.flags_text': 'string',
  'response.grpc_status': 'int',
  'response.headers': 'map',
  'response.trailers': 'map',
  'response.total_size': 'int',
  'response.backend_latency': 'duration',
  'source.address': 'string',
  'source.port': 'int',
  'destination.address': 'string',
  'destination.port': 'int',
  'connection.mtls': 'bool',
  'connection.requested_server_name': 'string',
  'connection.tls_version': 'string',
  'connection.uri_san_peer_certificate': 'string',
  'connection.termination_details': 'string',
  'upstream.address': 'string',
  'upstream.port': 'int',
  'upstream.uri_san_peer_certificate': 'string',
  'upstream.transport_failure_reason': 'string',
  'upstream.request_attempt_count': 'int',
  'xds.route_name': 'string',
  'xds.cluster_name': 'string',
  'downstream_peer.workload': 'string',
  'downstream_peer.namespace': 'string',
  'downstream_peer.service': 'string',
  'downstream_peer.revision': 'string',
  'downstream_peer.app': 'string',
  'downstream_peer.version': 'string',
  'downstream_peer.cluster': 'string',
  'downstream_peer.identity': 'string',
  'upstream_peer.workload': 'string',
  'upstream_peer.namespace': 'string',
  'upstream_peer.service': 'string',
  'upstream_peer.revision': 'string',
  'upstream_peer.app': 'string',
  'upstream_peer.version': 'string',
  'upstream_peer.cluster': 'string',
  'upstream_peer.identity': 'string',
  /** The Service that was called. */
  'destination.service.host': 'string',
  'destination.service.name': 'string',
  'destination.service.namespace': 'string',
} as const satisfies Readonly<Record<string, ValueType | 'map'>>

export type ExchangeAttribute = keyof typeof exchangeAttributes
