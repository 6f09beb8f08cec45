/**
 * What passed from whom to whom, in the fields of Hubble (flow.proto of Cilium, version 1): for those who lose their view
 * of HTTP to mutual TLS. It says what the access log says, of the same record.
 */
import type { ExchangeRecord } from '../../filter/record.ts'
import { fieldTextIfAny } from '../../http/field-text.ts'
import { cut, quoteJson } from '../log/format/escape.ts'
import { createTimeWriter } from '../log/format/write-time.ts'
import { hostOf, originalPath, portOf, routeName, traceIdOf } from '../log/facts.ts'
import type { Told } from '../log/told.ts'
import { FlowPeers } from './flow-peers.ts'

/** What a flow came to: Hubble's words. */
export type FlowVerdict = 'FORWARDED' | 'DROPPED' | 'ERROR'

/** Where it was seen. */
export interface FlowHost {
  /** The waypoint, in the place of a node: `shop/waypoint-5d9c`. */
  readonly nodeName: string
  readonly uuid: () => string
}

/** Limits of ours: nobody asked an endpoint. */
const LIMITS: readonly string[] = ['RL', 'RLSE', 'UO', 'OM', 'FI']

/** What the connection to an endpoint, or the want of one, or the client, has made of it. */
const FAULTS: readonly string[] = ['UF', 'UC', 'UH', 'UT', 'UPE', 'URX', 'NR', 'NC', 'DPE', 'SI', 'DC']

/** What became of it: refused by a policy or a limit, broken, or carried, whatever the application has answered. */
export const verdictOf = ({ flags, authorization }: ExchangeRecord): FlowVerdict => {
  if (authorization?.verdict === 'deny') return 'DROPPED'
  const all = flags.split(',')
  if (all.includes('UAEX') || all.some((flag) => LIMITS.includes(flag))) return 'DROPPED'
  return all.some((flag) => FAULTS.includes(flag)) ? 'ERROR' : 'FORWARDED'
}

/** Hubble's reasons are those of a kernel: only that of policies fits. */
const dropReasonOf = ({ flags, authorization }: ExchangeRecord): string =>
  authorization?.verdict === 'deny' || flags.split(',').includes('UAEX') ? 'POLICY_DENIED' : 'DROP_REASON_UNKNOWN'

/**
 * Makes the writer of flows as `hubble observe -o jsonpb` has them (`GetFlowsResponse` in the JSON of protobuf): a request
 * with its answer, or a connection, as a line without its end. What Hubble has no field for stands in `l7.http.headers` and
 * in labels, so that its own tools can read it. What is said of a peer is put together once.
 */
export const createFlowWriter = ({ nodeName, uuid }: FlowHost): ((told: Told) => string) => {
  const node = `"node_name":${quoteJson(nodeName)}`
  const timeOf = createTimeWriter()
  const peers = new FlowPeers()
  return (told) => {
    const { record } = told
    const { destination } = record
    const verdict = verdictOf(record)
    const time = `"time":"${timeOf(record.startedAtEpochMs + record.durationMs)}"`
    const isHttp = record.protocol !== 'tcp'
    const name = quoteJson(destination.name)
    const traceId = traceIdOf(told)
    return (
      `{"flow":{${time},"uuid":"${uuid()}","verdict":"${verdict}","IP":${addressesOf(record)},"l4":{"TCP":${portsOf(record)}}` +
      `,"source":${peers.source(record.source)},"destination":${peers.destination(record)},"Type":"${isHttp ? 'L7' : 'L3_L4'}"` +
      `,${node},"destination_names":[${quoteJson(destination.hostname)}]${isHttp ? `,"l7":${l7Of(told)}` : ''}` +
      `,"event_type":{"type":${isHttp ? L7_EVENT : CONNECTION_EVENT}}` +
      `,"destination_service":{"name":${name},"namespace":${quoteJson(destination.namespace)}},"traffic_direction":"INGRESS"` +
      (verdict === 'DROPPED' ? `,"drop_reason_desc":"${dropReasonOf(record)}"` : '') +
      `,"is_reply":${isHttp}` +
      (traceId === undefined ? '' : `,"trace_context":{"parent":{"trace_id":"${traceId}"}}`) +
      `,"Summary":${quoteJson(summaryOf(told))}},${node},${time}}`
    )
  }
}

/** Hubble's number for what a proxy tells (`MessageTypeAccessLog`), and for what is traced. */
const L7_EVENT = 129
const CONNECTION_EVENT = 4

/** What a ztunnel says of the client has no port. */
const portsOf = ({ source, endpoint, destination }: ExchangeRecord): string => {
  const port = portOf(source.address)
  return `{${port === undefined ? '' : `"source_port":${port},`}"destination_port":${endpoint?.port ?? destination.port}}`
}

const addressesOf = ({ source, endpoint, called }: ExchangeRecord): string => {
  const from = hostOf(source.address) ?? ''
  const to = endpoint?.address ?? hostOf(called) ?? ''
  const version = from.includes(':') ? 'IPv6' : 'IPv4'
  return `{"source":${quoteJson(from)},"destination":${quoteJson(to)},"ipVersion":"${version}","encrypted":true}`
}

const l7Of = (told: Told): string => {
  const { record } = told
  const url = quoteJson(cut(`${told.exchange?.request.scheme ?? 'http'}://${record.authority}${originalPath(told)}`))
  // Whole numbers of 64 bits are texts in the JSON of protobuf.
  const latency = String(Math.max(0, Math.round(record.durationMs * 1e6)))
  return (
    `{"type":"RESPONSE","latency_ns":"${latency}","http":{"code":${record.status},"method":${quoteJson(cut(record.method, 100))}` +
    `,"url":${url},"protocol":${quoteJson(record.httpVersion)},"headers":[${headersOf(record)}]}}`
  )
}

const headersOf = (record: ExchangeRecord): string => {
  const { flags, details, grpcStatus, authorization } = record
  const headers =
    header('x-request-id', record.requestId) +
    header('user-agent', fieldTextIfAny(record.userAgent)) +
    header('grpc-status', grpcStatus) +
    header('x-fairway-route', routeName(record)) +
    header('x-fairway-response-flags', flags === '-' ? undefined : flags) +
    header('x-fairway-response-code-details', details) +
    header('x-fairway-policy', authorization?.policy)
  return headers.slice(1)
}

/** With a comma before it. */
const header = (key: string, value: string | undefined): string =>
  value === undefined || value === '' ? '' : `,{"key":"${key}","value":${quoteJson(cut(value, 1024))}}`

const summaryOf = (told: Told): string => {
  const { record } = told
  const why = record.flags === '-' ? '' : ` ${record.flags} ${record.termination ?? record.details}`
  const ms = Math.round(record.durationMs)
  if (record.protocol === 'tcp') {
    return cut(`TCP closed ${ms}ms, ${record.requestBytes} bytes in, ${record.responseBytes} out${why}`, 1024)
  }
  return cut(`${record.httpVersion} ${record.status} ${ms}ms (${record.method} ${originalPath(told)})${why}`, 1024)
}
