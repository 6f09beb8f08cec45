/**
 * What passed from whom to whom, in the fields of Hubble (flow.proto of Cilium, version 1): for those who lose their view
 * of HTTP to mutual TLS. It says what the access log says, of the same record.
 */
import type { ExchangeRecord, Source } from '../../filter/record.ts'
import type { Workload } from '../../model/endpoint.ts'
import { cut } from '../log/format/escape.ts'
import { hostOf, originalPath, portOf, routeName, traceIdOf } from '../log/facts.ts'
import type { Told } from '../log/told.ts'

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
 * A flow as `hubble observe -o jsonpb` writes one (`GetFlowsResponse` in the JSON of protobuf): a request with its answer,
 * or a connection. What Hubble has no field for stands in `l7.http.headers` and in labels, so that its own tools can read it.
 */
export const toFlow = (told: Told, { nodeName, uuid }: FlowHost): object => {
  const { record } = told
  const verdict = verdictOf(record)
  const time = new Date(record.startedAtEpochMs + record.durationMs).toISOString()
  const isHttp = record.protocol !== 'tcp'
  const traceId = traceIdOf(told)
  const flow = {
    time,
    uuid: uuid(),
    verdict,
    IP: addressesOf(record),
    l4: { TCP: portsOf(record) },
    source: sourceOf(record.source),
    destination: destinationOf(record),
    Type: isHttp ? 'L7' : 'L3_L4',
    node_name: nodeName,
    destination_names: [record.destination.hostname],
    ...(isHttp ? { l7: l7Of(told) } : {}),
    event_type: { type: isHttp ? L7_EVENT : CONNECTION_EVENT },
    destination_service: { name: record.destination.name, namespace: record.destination.namespace },
    traffic_direction: 'INGRESS',
    ...(verdict === 'DROPPED' ? { drop_reason_desc: dropReasonOf(record) } : {}),
    is_reply: isHttp,
    ...(traceId === undefined ? {} : { trace_context: { parent: { trace_id: traceId } } }),
    Summary: summaryOf(told),
  }
  return { flow, node_name: nodeName, time }
}

/** Hubble's number for what a proxy tells (`MessageTypeAccessLog`), and for what is traced. */
const L7_EVENT = 129
const CONNECTION_EVENT = 4

/** What a ztunnel says of the client has no port. */
const portsOf = ({ source, endpoint, destination }: ExchangeRecord): object => {
  const port = portOf(source.address)
  return { ...(port === undefined ? {} : { source_port: port }), destination_port: endpoint?.port ?? destination.port }
}

const addressesOf = ({ source, endpoint, called }: ExchangeRecord): object => {
  const from = hostOf(source.address) ?? ''
  const to = endpoint?.address ?? hostOf(called) ?? ''
  return { source: from, destination: to, ipVersion: from.includes(':') ? 'IPv6' : 'IPv4', encrypted: true }
}

/** Labels as Hubble writes them, of what is known; an empty list is left out, as protobuf does. */
const labelsOf = (labels: Readonly<Record<string, string | undefined>>): { readonly labels?: readonly string[] } => {
  const known = Object.entries(labels).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${cut(value, 253)}`],
  )
  return known.length === 0 ? {} : { labels: known }
}

const workloadLabels = (of: {
  readonly workload: Partial<Workload>
  readonly principal: string | undefined
}): { readonly labels?: readonly string[] } => {
  const { app, version, canonicalName, canonicalRevision, cluster, namespace, serviceAccount } = of.workload
  return labelsOf({
    'k8s:app': app,
    'k8s:version': version,
    'k8s:service.istio.io/canonical-name': canonicalName,
    'k8s:service.istio.io/canonical-revision': canonicalRevision,
    'k8s:io.cilium.k8s.policy.cluster': cluster,
    'k8s:io.cilium.k8s.policy.serviceaccount': serviceAccount,
    'k8s:io.kubernetes.pod.namespace': namespace,
    'spiffe:id': of.principal,
  })
}

const endpointOf = (workload: Partial<Workload>, principal: string | undefined): object => ({
  ...(workload.namespace === undefined ? {} : { namespace: workload.namespace }),
  ...workloadLabels({ workload, principal }),
  ...(workload.name === undefined ? {} : { workloads: [{ name: workload.name }] }),
})

/** Absent facts stay absent. */
const sourceOf = ({ workload, principal, ...source }: Source): object =>
  endpointOf(withName(source, workload), principal)

const withName = (source: Omit<Source, 'workload' | 'principal'>, name: string | undefined): Partial<Workload> => {
  const { namespace, serviceAccount, canonicalName, canonicalRevision, app, version, cluster } = source
  const known = { name, namespace, serviceAccount, canonicalName, canonicalRevision, app, version, cluster }
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined))
}

/** Who answered; the Service, when nobody was asked, or nobody knows more. */
const destinationOf = ({ endpoint, destination, backend = destination }: ExchangeRecord): object => {
  const { namespace } = backend
  if (endpoint === undefined) return { namespace }
  return endpointOf({ namespace, ...endpoint.workload }, endpoint.transport === 'hbone' ? endpoint.identity : undefined)
}

const l7Of = (told: Told): object => {
  const { record } = told
  return {
    type: 'RESPONSE',
    // Whole numbers of 64 bits are texts in the JSON of protobuf.
    latency_ns: String(Math.max(0, Math.round(record.durationMs * 1e6))),
    http: {
      code: record.status,
      method: cut(record.method, 100),
      url: cut(`http://${record.authority}${originalPath(told)}`),
      protocol: record.httpVersion,
      headers: headersOf(record),
    },
  }
}

const headersOf = (record: ExchangeRecord): readonly object[] =>
  Object.entries({
    'x-request-id': record.requestId,
    'user-agent': record.userAgent,
    'grpc-status': record.grpcStatus === '' ? undefined : record.grpcStatus,
    'x-fairway-route': routeName(record),
    'x-fairway-response-flags': record.flags === '-' ? undefined : record.flags,
    'x-fairway-response-code-details': record.details === '' ? undefined : record.details,
    'x-fairway-policy': record.authorization?.policy,
  }).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: cut(value, 1024) }]))

const summaryOf = (told: Told): string => {
  const { record } = told
  const why = record.flags === '-' ? '' : ` ${record.flags} ${record.termination ?? record.details}`
  const ms = Math.round(record.durationMs)
  if (record.protocol === 'tcp') {
    return cut(`TCP closed ${ms}ms, ${record.requestBytes} bytes in, ${record.responseBytes} out${why}`, 1024)
  }
  return cut(`${record.httpVersion} ${record.status} ${ms}ms (${record.method} ${originalPath(told)})${why}`, 1024)
}
