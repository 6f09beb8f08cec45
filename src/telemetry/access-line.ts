import type { ExchangeRecord, TryRecord } from '../filter/record.ts'
import { hideInTarget } from '../lib/secrets/hide-secrets.ts'
import { formatDecision, type DecisionFields } from './decisions/decision-fields.ts'

export type AccessLogFormat = 'json' | 'text'

/** Longer values (paths, user agents) are cut, so that one line stays one write. */
const MAX_VALUE_LENGTH = 8192

/**
 * One exchange as a line of Istio's access log, with its `\n`: the keys of MeshConfig's JSON encoding, or the order of
 * its default text format (waypoint contract 6.4). What is not known is `null` in JSON and `-` in text. No value can
 * begin a line, leave its quotes or reach a terminal as a control sequence; secret query parameters and tokens are hidden.
 * `decision` is for those lines that tell of it: a field more, or a column at the end.
 */
export const formatAccessLine = (
  record: ExchangeRecord,
  format: AccessLogFormat,
  decision?: DecisionFields,
): string => {
  const fields = accessFields(record)
  if (format === 'json') return formatJson(decision === undefined ? fields : { ...fields, authorization: decision })
  return `${formatText(fields)}${decision === undefined ? '' : ` ${bare(formatDecision(decision))}`}\n`
}

/** The fields of a line, by Istio's JSON keys. */
export const accessFields = (record: ExchangeRecord) =>
  ({
    start_time: new Date(record.startedAtEpochMs).toISOString(),
    route_name: record.route === undefined ? null : `${record.route}/${record.rule ?? ''}`,
    method: cut(record.method),
    path: cut(hideInTarget(record.path)),
    protocol: cut(record.httpVersion),
    response_code: record.status,
    response_flags: record.flags,
    response_code_details: cut(record.details),
    connection_termination_details: cut(record.termination),
    bytes_received: record.requestBytes,
    bytes_sent: record.responseBytes,
    duration: Math.round(record.durationMs),
    upstream_service_time: record.upstreamMs < 0 ? null : Math.round(record.upstreamMs),
    x_forwarded_for: cut(record.forwardedFor),
    user_agent: cut(record.userAgent),
    request_id: cut(record.requestId),
    authority: cut(record.authority),
    upstream_host: formatEndpoint(record),
    upstream_cluster: formatCluster(record),
    upstream_local_address: null,
    downstream_local_address: null,
    downstream_remote_address: record.source.address,
    requested_server_name: cut(record.sni),
    upstream_transport_failure_reason: cut(record.upstreamFailure),
    // Not Istio's keys, and only there when there is something to tell.
    ...(record.protocol === 'grpc' ? { grpc_status: cut(record.grpcStatus) } : {}),
    ...(record.tries.length === 0 ? {} : { upstream_tries: record.tries.map(formatTry) }),
  }) as const

/** A try that was given up for another. */
const formatTry = ({ endpoint, status, reason, failure, durationMs }: TryRecord) => ({
  host: formatEndpoint({ endpoint }),
  status: status === 0 ? null : status,
  reason,
  failure: cut(failure),
  duration: Math.round(durationMs),
})

type AccessFields = ReturnType<typeof accessFields>

type Value = string | number | null

/** Empty counts as unknown. */
const cut = (value: string | undefined): string | null => {
  if (value === undefined || value === '') return null
  return value.length > MAX_VALUE_LENGTH ? `${value.slice(0, MAX_VALUE_LENGTH)}…` : value
}

const formatEndpoint = ({ endpoint }: Pick<ExchangeRecord, 'endpoint'>): string | null => {
  if (endpoint === undefined) return null
  return endpoint.address.includes(':')
    ? `[${endpoint.address}]:${endpoint.port}`
    : `${endpoint.address}:${endpoint.port}`
}

/** In the style of Istio's waypoint, which tools search for; `null` when no backend was chosen. */
const formatCluster = ({ backend, protocol }: ExchangeRecord): string | null =>
  backend === undefined
    ? null
    : `inbound-vip|${backend.port}|${protocol === 'tcp' ? 'tcp' : 'http'}|${backend.hostname}`

/** JSON leaves DEL, the C1 controls and Unicode's line separators as they are. */
const formatJson = (fields: object): string => `${JSON.stringify(fields).replace(unsafe, escapeUnicode)}\n`

const unsafe = /[\p{Cc}\u2028\u2029]/gu

const escapeUnicode = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`

const formatText = (fields: AccessFields): string => {
  const request = [fields.method, fields.path, fields.protocol].map((value) => quotable(value)).join(' ')
  return [
    `[${fields.start_time}]`,
    `"${request}"`,
    bare(fields.response_code),
    bare(fields.response_flags),
    bare(fields.response_code_details),
    bare(fields.connection_termination_details),
    quoted(fields.upstream_transport_failure_reason),
    bare(fields.bytes_received),
    bare(fields.bytes_sent),
    bare(fields.duration),
    bare(fields.upstream_service_time),
    quoted(fields.x_forwarded_for),
    quoted(fields.user_agent),
    quoted(fields.request_id),
    quoted(fields.authority),
    quoted(fields.upstream_host),
    bare(fields.upstream_cluster),
    bare(fields.upstream_local_address),
    bare(fields.downstream_local_address),
    bare(fields.downstream_remote_address),
    bare(fields.requested_server_name),
    bare(fields.route_name),
  ].join(' ')
}

/** Escapes what would end the quotes or the line. */
const quotable = (value: Value): string =>
  value === null ? '-' : String(value).replace(/["\\]/g, '\\$&').replace(unsafe, escapeUnicode)

const quoted = (value: Value): string => `"${quotable(value)}"`

/** Without quotes a blank would shift all columns behind it (Envoy writes `_` there too). */
const bare = (value: Value): string => quotable(value).replace(/\s/g, '_')
