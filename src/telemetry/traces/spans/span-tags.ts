/**
 * What spans tell of an exchange: the tags that Envoy writes, which Kiali and searches know, and OpenTelemetry's of HTTP and RPC.
 * What is the same for many exchanges stands apart, so that it can be written once.
 */
import { STATUS_CODES } from 'node:http'
import type { CheckOutcome, CheckSpan, Destination, ExchangeRecord, Source, TryRecord } from '../../../filter/record.ts'
import { fieldTextIfAny } from '../../../http/field-text.ts'
import type { Endpoint } from '../../../model/endpoint.ts'
import { CHECK_PATH } from '../../../model/security/external-authorization.ts'
import { joinHostPort } from '../../../lib/ip.ts'
import { hideInTarget } from '../../../lib/secrets/hide-secrets.ts'
import { errorTypeOf } from '../outcome.ts'
import type { TableName, TableValue } from './attribute-table.ts'

/** Takes one attribute of a span; each comes once. */
export type TakeTag = (name: string, value: string | number | boolean) => void

const MAX_CHARS = 1024

/** Of the method, for spans of both kinds. */
export const methodTags = (method: string, take: TakeTag): void => {
  take('http.method', method)
  take('http.request.method', method)
}

/** Of the client's version of HTTP, for spans of servers. */
export const serverVersionTags = (httpVersion: string, take: TakeTag): void => {
  clientVersionTags(httpVersion, take)
  take('network.protocol.version', httpVersion.slice(5))
}

/** The same, for spans of tries, of which it is not said how the endpoint was spoken to. */
export const clientVersionTags = (httpVersion: string, take: TakeTag): void => {
  take('http.protocol', httpVersion)
  take('network.protocol.name', 'http')
}

/** Of an answer's status. */
export const statusTags = (status: number, take: TakeTag): void => {
  take('http.status_code', String(status))
  take('http.response.status_code', status)
}

/** Of who has asked. */
export const clientAddressTags = ({ address }: Source, take: TakeTag): void => {
  take('peer.address', address)
  take('client.address', address)
}

/** Of what was called. */
export const serviceTags = ({ hostname, port }: Pick<Destination, 'hostname' | 'port'>, take: TakeTag): void => {
  take('server.address', hostname)
  take('server.port', port)
}

/** Of what it came to: the backend, if one was chosen. */
export const clusterTags = (destination: Destination, take: TakeTag): void =>
  take('upstream_cluster', clusterOf(destination))

/** Of who has been asked. */
export const endpointTags = ({ address, port }: Endpoint, take: TakeTag): void => {
  const place = joinHostPort(address, port)
  take('upstream_address', place)
  take('peer.address', place)
  take('server.address', address)
  take('server.port', port)
}

/** Of what an exchange came to. */
export const flagTags = (flags: string, take: TakeTag): void => take('response_flags', flags)

/** Of the rule that it went by. */
export const ruleTags = ({ route, rule }: ExchangeRecord, take: TakeTag): void => {
  put(take, 'fairway.route', route)
  put(take, 'fairway.rule', rule)
}

/** What no two exchanges have alike, in the order of `ownValues`. */
export const ownNames: readonly TableName[] = [
  'url.scheme',
  'http.url',
  // What is between scheme and authority, the authority, and the path.
  undefined,
  undefined,
  undefined,
  'url.path',
  'url.query',
  'request_size',
  'response_size',
  'guid:x-request-id',
  'user_agent',
  'user_agent.original',
  'response_code_details',
  'request_principal',
]

/** The values; `undefined`: there is no such tag. The scheme is the client's; a path longer than `maxPathLength` is cut. */
export const ownValues = (record: ExchangeRecord, scheme: string, maxPathLength: number): readonly TableValue[] => {
  const target = hideInTarget(record.path)
  const path = target.length > maxPathLength ? target.slice(0, maxPathLength) : target
  const queryAt = path.indexOf('?')
  const userAgent = cutIfAny(fieldTextIfAny(record.userAgent))
  return [
    scheme,
    scheme,
    '://',
    cut(record.authority),
    path,
    queryAt < 0 ? path : path.slice(0, queryAt),
    queryAt < 0 ? undefined : path.slice(queryAt + 1),
    record.requestBytes,
    record.responseBytes,
    cutIfAny(record.requestId),
    userAgent,
    userAgent,
    cutIfAny(record.details),
    cutIfAny(record.requestPrincipal),
  ]
}

/** Whether there may be something of it for `serverTags` or `clientTags`, beside tries. */
export const isSpecial = ({ status, protocol }: ExchangeRecord): boolean =>
  status < 100 || status >= 400 || protocol === 'grpc'

/** Of the exchange itself, what few have. */
export const serverTags = (record: ExchangeRecord, take: TakeTag): void => {
  if (record.status === 0) take('http.status_code', '0')
  if (record.attempts > 1) take('fairway.attempts', record.attempts)
  if (record.protocol === 'grpc') putGrpc(take, record)
  putError(take, errorTypeOf(record))
}

/** What is known of one try. */
export interface Tried {
  readonly record: ExchangeRecord
  /** The number of tries before it. */
  readonly repeats: number
  /** What became of it, when it was given up for another. */
  readonly lost: TryRecord | undefined
}

/** Of one try to get an answer from an endpoint. */
export const clientTags = ({ record, repeats, lost }: Tried, take: TakeTag): void => {
  if (repeats > 0) take('http.request.resend_count', repeats)
  if (lost === undefined && record.protocol === 'grpc') putGrpc(take, record)
  const errorType = clientErrorOf(record, lost)
  putError(take, errorType)
  if (errorType !== undefined) put(take, 'fairway.failure', lost === undefined ? record.upstreamFailure : lost.failure)
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

/** Envoy's values of `ext_authz_status`. */
const CHECK_STATUSES = { allow: 'ext_authz_ok', deny: 'ext_authz_unauthorized', error: 'ext_authz_error' } as const

/** Of a question to an external authorization service, with the tags that Envoy gives it; to be refused is no error. */
export const checkTags = ({ service, protocol, outcome }: CheckSpan, take: TakeTag): void => {
  take('upstream_cluster', outboundClusterOf(service))
  if (outcome?.endpoint === undefined) serviceTags(service, take)
  if (protocol === 'grpc') putRpc(take, { path: CHECK_PATH, grpcStatus: outcome?.grpcStatus ?? '' })
  // In Envoy's words: nobody waited for it to the end.
  if (outcome === undefined) return take('canceled', true)
  const { status, verdict, failure } = outcome
  take('ext_authz_status', CHECK_STATUSES[verdict])
  if (status !== 0) statusTags(status, take)
  if (status !== 0 && protocol === 'http') take('ext_authz_http_status', STATUS_CODES[status] ?? String(status))
  if (verdict !== 'error') return
  putError(take, checkErrorOf(outcome))
  put(take, 'fairway.failure', failure)
}

const checkErrorOf = ({ isLate, status, grpcStatus }: CheckOutcome): string => {
  if (isLate) return 'timeout'
  if (status === 0) return 'no_answer'
  if (status !== 200) return String(status)
  return grpcStatus === '' || grpcStatus === '0' ? 'unusable_answer' : `grpc_${grpcStatus}`
}

/** As Istio names what a proxy calls on its own behalf. */
export const outboundClusterOf = ({ port, hostname }: Pick<Destination, 'hostname' | 'port'>): string =>
  `outbound|${port}||${hostname}`

const putError = (take: TakeTag, errorType: string | undefined): void => {
  if (errorType === undefined) return
  take('error', true)
  take('error.type', cut(errorType))
}

const putGrpc = (take: TakeTag, record: ExchangeRecord): void => {
  putRpc(take, record)
  put(take, 'grpc.authority', record.authority)
}

const putRpc = (take: TakeTag, { path, grpcStatus }: Pick<ExchangeRecord, 'path' | 'grpcStatus'>): void => {
  const [, service, method] = /^\/([^/?]{1,200})\/([^/?]{1,200})/.exec(path) ?? []
  take('rpc.system', 'grpc')
  put(take, 'rpc.service', service)
  put(take, 'rpc.method', method)
  if (grpcStatus === '') return
  put(take, 'grpc.status_code', grpcStatus)
  if (/^[0-9]{1,3}$/.test(grpcStatus)) take('rpc.grpc.status_code', Number(grpcStatus))
}

const put = (take: TakeTag, name: string, value: string | undefined): void => {
  if (value !== undefined && value !== '') take(name, cut(value))
}

const cutIfAny = (value: string | undefined): string | undefined =>
  value === undefined || value === '' ? undefined : cut(value)

const cut = (value: string): string => (value.length > MAX_CHARS ? value.slice(0, MAX_CHARS) : value)
