/** What each operator of a format writes. Which operators there are, and what may stand in their parentheses, says the model. */
import { compileExpression } from '../../../lib/expression/compile-expression.ts'
import { hideSecrets } from '../../../lib/secrets/hide-secrets.ts'
import type { OperatorName, TimePoint } from '../../../model/telemetry/log/operators.ts'
import { timePoints } from '../../../model/telemetry/log/operators.ts'
import { longFlags } from '../../meanings/flag-names.ts'
import { toldGrpcStatus } from '../../meanings/grpc-status.ts'
import { shownScope } from '../attribute-scope.ts'
import * as facts from '../facts.ts'
import { formatGrpcStatus, type GrpcStatusForm } from './grpc-status-names.ts'
import type { Fact, Told } from '../told.ts'
import { createTimeWriter } from './write-time.ts'

/** What formats may ask of the process itself. */
export interface LogHost {
  readonly hostname: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** A number for each connection of a client, the same for all that comes through it. */
  readonly connectionId: (told: Told) => number | undefined
}

/**
 * How an operator is written. `plain`: nothing in it can leave a column, a quote or a line; `own`: whoever wrote the format
 * has chosen what it looks like; `foreign`: others, clients among them, have a say in it.
 */
export interface OperatorFact {
  readonly read: Fact
  readonly kind: 'plain' | 'own' | 'foreign'
  /** Most exchanges have the very value, not only an equal one, that the one before had. */
  readonly isSteady: boolean
}

/** Makes the fact that an operator stands for. */
export const operatorFact = (name: OperatorName, argument: string | undefined, host: LogHost): OperatorFact => {
  const read = makers[name](argument, host)
  const isSteady = steadyOperators.has(name) || (name === 'REQ' && argument === ':METHOD')
  if ((name === 'START_TIME' || name === 'EMIT_TIME') && argument !== undefined) return { read, kind: 'own', isSteady }
  return { read, kind: plainOperators.has(name) ? 'plain' : 'foreign', isSteady }
}

type Maker = (argument: string | undefined, host: LogHost) => Fact

/** Of an operator that takes no argument. */
const fact =
  (read: Fact): Maker =>
  () =>
    read

const round = (ms: number | undefined): number | undefined => (ms === undefined || ms < 0 ? undefined : Math.round(ms))

const remote = fact(({ record }) => record.source.address)
const remoteHost = fact(({ record }) => facts.hostOf(record.source.address))
const remotePort = fact(({ record }) => facts.portOf(record.source.address))

/** A text that is made of one thing, once as long as that lives. */
const textOf =
  <K extends object>(keyOf: (told: Told) => K | undefined, write: (told: Told) => string | undefined): Maker =>
  () => {
    const texts = new WeakMap<K, string>()
    return (told) => {
      const key = keyOf(told)
      if (key === undefined) return undefined
      const known = texts.get(key)
      if (known !== undefined) return known
      const text = write(told)
      if (text !== undefined) texts.set(key, text)
      return text
    }
  }

const upstream = textOf(
  ({ record }) => record.endpoint,
  ({ record }) => facts.formatEndpoint(record.endpoint),
)

const clusterOf = (isTcp: boolean): Maker =>
  textOf(
    ({ record }) => ((record.protocol === 'tcp') === isTcp ? record.backend : undefined),
    ({ record }) => facts.clusterName(record),
  )

const cluster: Maker = (...asked) => {
  const http = clusterOf(false)(...asked)
  const tcp = clusterOf(true)(...asked)
  return (told) => (told.record.protocol === 'tcp' ? tcp(told) : http(told))
}

/** Of the rule that the exchange before had, it need not be made again. */
const route: Maker = () => {
  let lastRoute: string | undefined
  let lastRule: string | undefined
  let name: string | undefined
  return ({ record }) => {
    if (record.route !== lastRoute || record.rule !== lastRule) {
      lastRoute = record.route
      lastRule = record.rule
      name = facts.routeName(record)
    }
    return name
  }
}

const time =
  (at: (told: Told) => number): Maker =>
  (format) => {
    const write = createTimeWriter(format === '' ? undefined : format)
    return (told) => write(at(told))
  }

/** One of two names of headers. */
const either =
  (one: (name: string) => Fact): Maker =>
  (argument = '') => {
    const names = argument.toLowerCase().split('?')
    const [first, second] = names.map((name) => one(name))
    // What rewrites leave behind is the path as it came: it need not be looked for in two places.
    if (names[0] === 'x-envoy-original-path' && names[1] === ':path') return facts.originalPath
    if (first === undefined || second === undefined) return first ?? (() => undefined)
    return (told) => first(told) ?? second(told)
  }

const ofRequest = (name: string): Fact => {
  switch (name) {
    case ':path':
      return facts.pathNow
    case ':protocol':
      return ({ record }) => record.upgrade
    case ':method':
    case ':authority':
    case ':scheme':
    case 'host':
    case 'user-agent':
    case 'x-request-id':
    case 'x-forwarded-for':
      return (told) => facts.requestField(told, name)
    case 'x-envoy-original-path':
      return (told) => (facts.pathNow(told) === facts.originalPath(told) ? undefined : facts.originalPath(told))
    default:
      return ({ exchange }) => facts.fieldOf(exchange?.request.headers, name)
  }
}

/** Texts, numbers too: Envoy writes what is in a header as it is there, in quotes where it is JSON. */
const ofResponse = (name: string): Fact => {
  switch (name) {
    case ':status':
      return facts.statusField
    case 'x-envoy-upstream-service-time':
      return ({ record }) => round(record.upstreamMs)?.toString()
    default:
      return ({ exchange }) => facts.fieldOf(exchange?.response?.headers, name)
  }
}

const ofTrailers =
  (name: string): Fact =>
  ({ record }) =>
    facts.fieldOf(record.responseTrailers, name)

const grpcStatus: Maker = (form = 'CAMEL_STRING') => {
  const as: GrpcStatusForm = form === 'NUMBER' || form === 'SNAKE_STRING' ? form : 'CAMEL_STRING'
  return ({ record }) => formatGrpcStatus(toldGrpcStatus(record), as)
}

const path: Maker = (argument = '') => {
  const [query = '', which = 'ORIG_OR_PATH'] = argument.split(':')
  const whole = which === 'PATH' ? facts.pathNow : facts.originalPath
  return query === 'NQ' ? withoutQuery(whole) : whole
}

const withoutQuery =
  (whole: Fact): Fact =>
  (told) => {
    const target = whole(told)
    return typeof target === 'string' ? target.split('?', 1)[0] : target
  }

const pointsAt: Readonly<Record<TimePoint, (told: Told) => number | undefined>> = {
  DS_RX_BEG: () => 0,
  DS_RX_END: ({ record }) => facts.sinceStart(record, record.requestEndAtMs),
  US_RX_BEG: ({ record }) => facts.sinceStart(record, record.headAtMs),
  DS_TX_END: ({ record }) => record.durationMs,
}

const pointOf = (name: string | undefined): ((told: Told) => number | undefined) =>
  pointsAt[timePoints.find((point) => point === name) ?? 'DS_RX_BEG']

const between: Maker = (argument = '') => {
  const [from, to, unit] = argument.split(':')
  const factor = unit === 'ns' ? 1_000_000 : unit === 'us' ? 1000 : 1
  const begin = pointOf(from)
  const end = pointOf(to)
  return (told) => {
    const first = begin(told)
    const last = end(told)
    return first === undefined || last === undefined ? undefined : round((last - first) * factor)
  }
}

const fromTo = (from: TimePoint, to: TimePoint): Maker => fact(between(`${from}:${to}:ms`, noHost))

const noHost: LogHost = { hostname: '', environment: {}, connectionId: () => undefined }

const expression: Maker = (argument = '') => {
  const compiled = compileExpression(argument, shownScope)
  if (!compiled.ok) return () => undefined
  const { run } = compiled.value
  return (told) => {
    const value = run(told)
    return typeof value === 'string' ? hideSecrets(value) : value
  }
}

const makers: Readonly<Record<OperatorName, Maker>> = {
  START_TIME: time(({ record }) => record.startedAtEpochMs),
  EMIT_TIME: time(({ record }) => record.startedAtEpochMs + record.durationMs),
  REQ: either(ofRequest),
  REQ_WITHOUT_QUERY: (...asked) => withoutQuery(either(ofRequest)(...asked)),
  RESP: either(ofResponse),
  TRAILER: either(ofTrailers),
  PROTOCOL: fact(({ record }) => record.httpVersion),
  PATH: path,
  QUERY_PARAM:
    (name = '') =>
    (told) =>
      facts.queryParameter(told, name),
  ROUTE_NAME: route,
  RESPONSE_CODE: fact(({ record }) => record.status),
  RESPONSE_CODE_DETAILS: fact(({ record }) => record.details),
  RESPONSE_FLAGS: fact(({ record }) => record.flags),
  RESPONSE_FLAGS_LONG: fact(({ record }) => longFlags(record.flags)),
  CONNECTION_TERMINATION_DETAILS: fact(({ record }) => record.termination),
  GRPC_STATUS: grpcStatus,
  GRPC_STATUS_NUMBER: fact(({ record }) => formatGrpcStatus(toldGrpcStatus(record), 'NUMBER')),
  BYTES_RECEIVED: fact(({ record }) => record.requestBytes),
  BYTES_SENT: fact(({ record }) => record.responseBytes),
  DURATION: fact(({ record }) => Math.round(record.durationMs)),
  REQUEST_DURATION: fromTo('DS_RX_BEG', 'DS_RX_END'),
  RESPONSE_DURATION: fromTo('DS_RX_BEG', 'US_RX_BEG'),
  RESPONSE_TX_DURATION: fromTo('US_RX_BEG', 'DS_TX_END'),
  COMMON_DURATION: between,
  UPSTREAM_HOST: upstream,
  UPSTREAM_HOST_NAME: upstream,
  UPSTREAM_REMOTE_ADDRESS: upstream,
  UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: fact(({ record }) => record.endpoint?.address),
  UPSTREAM_REMOTE_PORT: fact(({ record }) => record.endpoint?.port),
  // Of a connection that many share.
  UPSTREAM_LOCAL_ADDRESS: fact(() => undefined),
  UPSTREAM_CLUSTER: cluster,
  UPSTREAM_CLUSTER_RAW: cluster,
  UPSTREAM_PEER_URI_SAN: fact(({ record: { endpoint } }) =>
    endpoint?.transport === 'hbone' ? endpoint.identity : undefined,
  ),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: fact(({ record }) => record.attempts),
  UPSTREAM_TRANSPORT_FAILURE_REASON: fact(({ record }) => record.upstreamFailure),
  DOWNSTREAM_REMOTE_ADDRESS: remote,
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: remoteHost,
  DOWNSTREAM_REMOTE_PORT: remotePort,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: remote,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: remoteHost,
  DOWNSTREAM_DIRECT_REMOTE_PORT: remotePort,
  DOWNSTREAM_LOCAL_ADDRESS: fact(({ record }) => record.called),
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: fact(({ record }) => facts.hostOf(record.called)),
  DOWNSTREAM_LOCAL_PORT: fact(({ record }) => record.destination.port),
  DOWNSTREAM_PEER_URI_SAN: fact(({ record }) => record.source.principal),
  DOWNSTREAM_TLS_VERSION: fact(({ record }) => (record.source.principal === undefined ? undefined : 'TLSv1.3')),
  REQUESTED_SERVER_NAME: fact(({ record }) => record.sni),
  CONNECTION_ID: (_, { connectionId }) => connectionId,
  STREAM_ID: fact(({ record }) => record.requestId),
  TRACE_ID: fact(facts.traceIdOf),
  ACCESS_LOG_TYPE: fact(({ record }) => (record.protocol === 'tcp' ? 'TcpConnectionEnd' : 'DownstreamEnd')),
  HOSTNAME:
    (_, { hostname }) =>
    () =>
      hostname,
  ENVIRONMENT:
    (name = '', { environment }) =>
    () =>
      Object.hasOwn(environment, name) ? environment[name] : undefined,
  CEL: expression,
}

/** Made of what we, Kubernetes and the kernel say. */
const plainOperators: ReadonlySet<OperatorName> = new Set<OperatorName>([
  ...(['START_TIME', 'EMIT_TIME', 'RESPONSE_CODE', 'GRPC_STATUS'] as const),
  ...(['GRPC_STATUS_NUMBER', 'BYTES_RECEIVED', 'BYTES_SENT', 'DURATION', 'REQUEST_DURATION'] as const),
  ...(['RESPONSE_DURATION', 'RESPONSE_TX_DURATION', 'COMMON_DURATION', 'UPSTREAM_HOST', 'UPSTREAM_HOST_NAME'] as const),
  ...(['UPSTREAM_REMOTE_ADDRESS', 'UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT', 'UPSTREAM_REMOTE_PORT'] as const),
  ...(['UPSTREAM_LOCAL_ADDRESS', 'UPSTREAM_CLUSTER', 'UPSTREAM_CLUSTER_RAW', 'CONNECTION_ID', 'TRACE_ID'] as const),
  ...(['UPSTREAM_REQUEST_ATTEMPT_COUNT', 'DOWNSTREAM_REMOTE_PORT', 'DOWNSTREAM_LOCAL_PORT'] as const),
  ...(['DOWNSTREAM_TLS_VERSION', 'ACCESS_LOG_TYPE'] as const),
])

/** Of constants, of what a configuration has, and of what many exchanges share. */
const steadyOperators: ReadonlySet<OperatorName> = new Set<OperatorName>([
  ...(['PROTOCOL', 'ROUTE_NAME', 'RESPONSE_CODE', 'RESPONSE_CODE_DETAILS', 'RESPONSE_FLAGS', 'HOSTNAME'] as const),
  ...(['CONNECTION_TERMINATION_DETAILS', 'UPSTREAM_HOST', 'UPSTREAM_HOST_NAME', 'UPSTREAM_REMOTE_ADDRESS'] as const),
  ...(['UPSTREAM_LOCAL_ADDRESS', 'UPSTREAM_CLUSTER', 'UPSTREAM_CLUSTER_RAW', 'UPSTREAM_PEER_URI_SAN'] as const),
  ...(['UPSTREAM_REQUEST_ATTEMPT_COUNT', 'UPSTREAM_TRANSPORT_FAILURE_REASON', 'DOWNSTREAM_LOCAL_ADDRESS'] as const),
  ...(['DOWNSTREAM_REMOTE_ADDRESS', 'DOWNSTREAM_DIRECT_REMOTE_ADDRESS', 'DOWNSTREAM_PEER_URI_SAN'] as const),
  ...(['DOWNSTREAM_TLS_VERSION', 'REQUESTED_SERVER_NAME', 'ENVIRONMENT', 'ACCESS_LOG_TYPE'] as const),
])
