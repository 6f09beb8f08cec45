import { isSecretName } from '../../../lib/secrets/hide-secrets.ts'
import { checkValueExpression } from '../check-expression.ts'
import { parseTimeFormat } from './time-format.ts'

/** What stands in the parentheses of an operator: nothing at all, what may be left out, or what must be there. */
export interface OperatorRule {
  readonly argument: 'none' | 'optional' | 'required'
  /** What is wrong with an argument. */
  readonly check?: (argument: string) => string | undefined
}

const plain: OperatorRule = { argument: 'none' }

const HEADER = /^(?::(?:method|path|authority|scheme|protocol|status)|[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256})$/

/** `NAME`, or `NAME?OTHER` for when there is none of that name. */
const headers: OperatorRule = {
  argument: 'required',
  check: (argument) => {
    const names = argument.split('?')
    const bad = names.find((name) => !HEADER.test(name.toLowerCase()))
    if (bad !== undefined) return `"${bad}" is no name of a header`
    return names.length > 2 ? 'one name, or NAME?OTHER' : undefined
  },
}

const oneOf = (...values: readonly string[]): OperatorRule => ({
  argument: 'optional',
  check: (argument) => (values.includes(argument) ? undefined : `one of ${values.join(', ')}`),
})

const time: OperatorRule = {
  argument: 'optional',
  check: (argument) => {
    const parsed = parseTimeFormat(argument)
    return parsed.ok ? undefined : `${parsed.found} is no part of a time that is known here`
  },
}

/** Points in time that are known of an exchange. */
export const timePoints = ['DS_RX_BEG', 'DS_RX_END', 'US_RX_BEG', 'DS_TX_END'] as const

export type TimePoint = (typeof timePoints)[number]

const isPoint = (text: string | undefined): boolean => timePoints.some((point) => point === text)

const between: OperatorRule = {
  argument: 'required',
  check: (argument) => {
    const [from, to, unit = 'ms', ...more] = argument.split(':')
    const isWell = isPoint(from) && isPoint(to) && ['ms', 'us', 'ns'].includes(unit) && more.length === 0
    return isWell ? undefined : `START:END:UNIT with two of ${timePoints.join(', ')}, and ms, us or ns`
  },
}

const variable: OperatorRule = {
  argument: 'required',
  check: (argument) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(argument)) return 'the name of an environment variable'
    return isSecretName(argument) ? 'the name says that its value is a secret' : undefined
  },
}

const path: OperatorRule = {
  argument: 'optional',
  check: (argument) =>
    /^(?:WQ|NQ)?(?::(?:ORIG|PATH|ORIG_OR_PATH))?$/.test(argument)
      ? undefined
      : 'WQ or NQ (with or without the query), and :ORIG, :PATH or :ORIG_OR_PATH',
}

const expression: OperatorRule = {
  argument: 'required',
  check: (argument) => {
    const checked = checkValueExpression(argument)
    return checked.ok ? undefined : `${checked.fault.message} (at ${checked.fault.column})`
  },
}

/** Operators of Envoy's access log formats that can be carried out here. */
export const operators = {
  START_TIME: time,
  EMIT_TIME: time,
  REQ: headers,
  REQ_WITHOUT_QUERY: headers,
  RESP: headers,
  TRAILER: headers,
  PROTOCOL: plain,
  PATH: path,
  QUERY_PARAM: { argument: 'required' },
  ROUTE_NAME: plain,
  RESPONSE_CODE: plain,
  RESPONSE_CODE_DETAILS: plain,
  RESPONSE_FLAGS: plain,
  RESPONSE_FLAGS_LONG: plain,
  CONNECTION_TERMINATION_DETAILS: plain,
  GRPC_STATUS: oneOf('CAMEL_STRING', 'SNAKE_STRING', 'NUMBER'),
  GRPC_STATUS_NUMBER: plain,
  BYTES_RECEIVED: plain,
  BYTES_SENT: plain,
  DURATION: plain,
  REQUEST_DURATION: plain,
  RESPONSE_DURATION: plain,
  RESPONSE_TX_DURATION: plain,
  COMMON_DURATION: between,
  UPSTREAM_HOST: plain,
  UPSTREAM_HOST_NAME: plain,
  UPSTREAM_REMOTE_ADDRESS: plain,
  UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: plain,
  UPSTREAM_REMOTE_PORT: plain,
  UPSTREAM_LOCAL_ADDRESS: plain,
  UPSTREAM_CLUSTER: plain,
  UPSTREAM_CLUSTER_RAW: plain,
  UPSTREAM_PEER_URI_SAN: plain,
  UPSTREAM_REQUEST_ATTEMPT_COUNT: plain,
  UPSTREAM_TRANSPORT_FAILURE_REASON: plain,
  DOWNSTREAM_REMOTE_ADDRESS: plain,
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: plain,
  DOWNSTREAM_REMOTE_PORT: plain,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: plain,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: plain,
  DOWNSTREAM_DIRECT_REMOTE_PORT: plain,
  DOWNSTREAM_LOCAL_ADDRESS: plain,
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: plain,
  DOWNSTREAM_LOCAL_PORT: plain,
  DOWNSTREAM_PEER_URI_SAN: plain,
  DOWNSTREAM_TLS_VERSION: plain,
  REQUESTED_SERVER_NAME: plain,
  CONNECTION_ID: plain,
  STREAM_ID: plain,
  TRACE_ID: plain,
  ACCESS_LOG_TYPE: plain,
  HOSTNAME: plain,
  ENVIRONMENT: variable,
  CEL: expression,
} as const satisfies Readonly<Record<string, OperatorRule>>

export type OperatorName = keyof typeof operators

const peers = 'CEL(downstream_peer.workload), CEL(upstream_peer.workload) and their namespace, app, version, service'

/** Those of Envoy that have no meaning here, and what to write in their place. */
export const otherOperators: Readonly<Record<string, string>> = {
  FILTER_STATE: peers,
  UPSTREAM_FILTER_STATE: peers,
  DYNAMIC_METADATA: peers,
  UPSTREAM_METADATA: peers,
  CLUSTER_METADATA: 'CEL(destination.service.name)',
  LISTENER_METADATA: 'ENVIRONMENT(NAME)',
  START_TIME_LOCAL: 'START_TIME (UTC)',
  EMIT_TIME_LOCAL: 'EMIT_TIME (UTC)',
  REQUEST_TX_DURATION: 'REQUEST_DURATION',
  ROUNDTRIP_DURATION: 'RESPONSE_DURATION',
  UPSTREAM_CONNECTION_POOL_READY_DURATION: 'RESPONSE_DURATION',
  DOWNSTREAM_HANDSHAKE_DURATION: 'the metrics of handshakes',
  REQUEST_HEADERS_BYTES: 'BYTES_RECEIVED, which counts heads too',
  RESPONSE_HEADERS_BYTES: 'BYTES_SENT, which counts heads too',
  RESPONSE_TRAILERS_BYTES: 'BYTES_SENT, which counts trailers too',
  DOWNSTREAM_WIRE_BYTES_SENT: 'BYTES_SENT',
  DOWNSTREAM_WIRE_BYTES_RECEIVED: 'BYTES_RECEIVED',
  UPSTREAM_WIRE_BYTES_SENT: 'BYTES_RECEIVED',
  UPSTREAM_WIRE_BYTES_RECEIVED: 'BYTES_SENT',
  VIRTUAL_HOST_NAME: 'UPSTREAM_CLUSTER or REQ(:AUTHORITY)',
  VIRTUAL_CLUSTER_NAME: 'ROUTE_NAME',
  FILTER_CHAIN_NAME: 'ROUTE_NAME',
  DOWNSTREAM_PEER_SUBJECT: 'DOWNSTREAM_PEER_URI_SAN: certificates of a mesh have no other name',
  DOWNSTREAM_PEER_ISSUER: 'DOWNSTREAM_PEER_URI_SAN',
  DOWNSTREAM_LOCAL_URI_SAN: 'HOSTNAME',
  UPSTREAM_PEER_SUBJECT: 'UPSTREAM_PEER_URI_SAN',
  UPSTREAM_CONNECTION_ID: 'UPSTREAM_HOST: connections to endpoints are shared',
  UNIQUE_ID: 'STREAM_ID or REQ(X-REQUEST-ID)',
  QUERY_PARAMS: 'QUERY_PARAM(name)',
  LOCAL_REPLY_BODY: 'RESPONSE_CODE_DETAILS',
  CUSTOM_FLAGS: 'RESPONSE_FLAGS',
}
