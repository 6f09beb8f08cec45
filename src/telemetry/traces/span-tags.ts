/** What spans tell of an exchange: the tags that Envoy writes, which Kiali and searches know, and OpenTelemetry's of HTTP and RPC. */
import type { Destination, ExchangeRecord, TryRecord } from '../../filter/record.ts'
import type { Endpoint } from '../../model/endpoint.ts'
import { joinHostPort } from '../../lib/ip.ts'
import { hideInTarget } from '../../lib/secrets/hide-secrets.ts'
import { errorTypeOf } from './outcome.ts'

/** Attributes of a span. */
export type SpanTags = Record<string, string | number | boolean>

const MAX_CHARS = 1024

/** Of the exchange itself; a path longer than `maxPathLength` is cut. */
export const serverTags = (record: ExchangeRecord, maxPathLength: number): SpanTags => {
  const { method, authority, status, httpVersion } = record
  const target = hideInTarget(record.path)
  const path = target.slice(0, maxPathLength)
  const queryAt = path.indexOf('?')
  const tags: SpanTags = {
    'http.method': method,
    'http.url': `http://${cut(authority)}${path}`,
    'http.protocol': httpVersion,
    'http.status_code': String(status),
    response_flags: record.flags,
    request_size: record.requestBytes,
    response_size: record.responseBytes,
    'peer.address': record.source.address,
    upstream_cluster: clusterOf(record.backend ?? record.destination),
    'http.request.method': method,
    'url.scheme': 'http',
    'url.path': queryAt < 0 ? path : path.slice(0, queryAt),
    'server.address': record.destination.hostname,
    'server.port': record.destination.port,
    'client.address': record.source.address,
    'network.protocol.name': 'http',
    'network.protocol.version': httpVersion.slice(5),
  }
  if (queryAt >= 0) tags['url.query'] = path.slice(queryAt + 1)
  if (status !== 0) tags['http.response.status_code'] = status
  put(tags, 'guid:x-request-id', record.requestId)
  put(tags, 'user_agent', record.userAgent)
  put(tags, 'user_agent.original', record.userAgent)
  put(tags, 'response_code_details', record.details)
  put(tags, 'fairway.route', record.route)
  put(tags, 'fairway.rule', record.rule)
  put(tags, 'request_principal', record.requestPrincipal)
  if (record.attempts > 1) tags['fairway.attempts'] = record.attempts
  if (record.protocol === 'grpc') putGrpc(tags, record)
  const errorType = errorTypeOf(record)
  if (errorType !== undefined) {
    tags['error'] = true
    tags['error.type'] = errorType
  }
  return tags
}

/** What is known of one try. */
export interface Tried {
  readonly record: ExchangeRecord
  readonly endpoint: Endpoint | undefined
  /** The number of tries before it. */
  readonly repeats: number
  /** What became of it, when it was given up for another. */
  readonly lost: TryRecord | undefined
}

/** Of one try to get an answer from an endpoint. */
export const clientTags = ({ record, endpoint, repeats, lost }: Tried): SpanTags => {
  const status = lost === undefined ? record.status : lost.status
  const tags: SpanTags = {
    upstream_cluster: clusterOf(record.backend ?? record.destination),
    'http.request.method': record.method,
    'http.method': record.method,
    'http.protocol': record.httpVersion,
    'network.protocol.name': 'http',
  }
  if (endpoint !== undefined) {
    const address = joinHostPort(endpoint.address, endpoint.port)
    tags['upstream_address'] = address
    tags['peer.address'] = address
    tags['server.address'] = endpoint.address
    tags['server.port'] = endpoint.port
  }
  if (status !== 0) {
    tags['http.response.status_code'] = status
    tags['http.status_code'] = String(status)
  }
  if (repeats > 0) tags['http.request.resend_count'] = repeats
  if (lost === undefined) {
    tags['response_flags'] = record.flags
    if (record.protocol === 'grpc') putGrpc(tags, record)
  }
  const errorType = clientErrorOf(record, lost)
  if (errorType !== undefined) {
    tags['error'] = true
    tags['error.type'] = errorType
    put(tags, 'fairway.failure', lost === undefined ? record.upstreamFailure : lost.failure)
  }
  return tags
}

/** Of a client's span 4xx is an error as well, and every gRPC status but 0. */
export const clientErrorOf = (record: ExchangeRecord, lost: TryRecord | undefined): string | undefined => {
  if (lost !== undefined) return lost.reason === 'status' ? String(lost.status) : lost.reason
  const { protocol, grpcStatus, status } = record
  if (protocol === 'grpc' && grpcStatus !== '' && grpcStatus !== '0') return `grpc_${grpcStatus}`
  return errorTypeOf(record) ?? (status >= 400 ? String(status) : undefined)
}

/** In the style of Istio's waypoint, which tools search for. */
export const clusterOf = ({ port, hostname }: Destination): string => `inbound-vip|${port}|http|${hostname}`

const putGrpc = (tags: SpanTags, { path, grpcStatus, authority }: ExchangeRecord): void => {
  const [, service, method] = /^\/([^/?]{1,200})\/([^/?]{1,200})/.exec(path) ?? []
  tags['rpc.system'] = 'grpc'
  put(tags, 'rpc.service', service)
  put(tags, 'rpc.method', method)
  put(tags, 'grpc.authority', authority)
  if (grpcStatus === '') return
  tags['grpc.status_code'] = grpcStatus
  tags['rpc.grpc.status_code'] = Number(grpcStatus)
}

const put = (tags: SpanTags, name: string, value: string | undefined): void => {
  if (value !== undefined && value !== '') tags[name] = cut(value)
}

const cut = (value: string): string => (value.length > MAX_CHARS ? value.slice(0, MAX_CHARS) : value)
