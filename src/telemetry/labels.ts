import type { Destination, ExchangeRecord, Source } from '../filter/record.ts'
import type { Endpoint } from '../model/endpoint.ts'
import { toldGrpcStatus } from './meanings/grpc-status.ts'

/** Which series an exchange belongs to: the objects and values that its labels are made of. */
export interface SeriesKey {
  readonly source: Source
  /** The Service that was chosen, else the one that was called. */
  readonly service: Destination
  readonly endpoint: Endpoint | undefined
  readonly protocol: ExchangeRecord['protocol']
  readonly status: number
  readonly grpcStatus: string
  readonly flags: string
}

/** Longer values are cut: some come from clients (`baggage`), and every series keeps its labels. */
export const MAX_VALUE_LENGTH = 256

const UNKNOWN = 'unknown'
/** Istio's word for a workload without the label `service.istio.io/canonical-revision`. */
const LATEST = 'latest'

/** Which of Istio's metrics have these labels: those of requests, of gRPC messages, or of TCP connections. */
export type SeriesKind = 'request' | 'messages' | 'tcp'

/** Names and values, in their order. */
export type Labels = readonly (readonly [name: string, value: string])[]

/**
 * The 25 labels of Istio's request metrics in Istio's order. Source: istio_stats of Istio's proxy (waypoint contract 6.1);
 * dashboards and Kiali select by these names and values.
 */
export const istioLabels = (key: SeriesKey): Labels => [
  ...peerLabels(key),
  ['request_protocol', key.protocol],
  ['response_code', String(key.status)],
  ['grpc_response_status', formatGrpcStatus(key)],
  ...outcomeLabels(key),
]

/** The 23 of Istio's TCP metrics. */
export const connectionLabels = (key: SeriesKey): Labels => [
  ...peerLabels(key),
  ['request_protocol', key.protocol],
  ...outcomeLabels(key),
]

/** The 20 that Istio's counters of gRPC messages have: who talks to whom. */
export const peerLabels = ({ source, service, endpoint }: SeriesKey): Labels => {
  const workload = endpoint?.workload
  return [
    ['reporter', 'waypoint'],
    ['source_workload', source.workload ?? UNKNOWN],
    ['source_canonical_service', source.canonicalName ?? UNKNOWN],
    ['source_canonical_revision', source.canonicalRevision ?? LATEST],
    ['source_workload_namespace', source.namespace ?? UNKNOWN],
    ['source_principal', source.principal ?? UNKNOWN],
    ['source_app', source.app ?? UNKNOWN],
    ['source_version', source.version ?? UNKNOWN],
    ['source_cluster', source.cluster ?? UNKNOWN],
    ['destination_workload', workload?.name ?? UNKNOWN],
    ['destination_workload_namespace', workload?.namespace ?? UNKNOWN],
    ['destination_principal', provenIdentity(endpoint) ?? UNKNOWN],
    ['destination_app', workload?.app ?? UNKNOWN],
    ['destination_version', workload?.version ?? UNKNOWN],
    ['destination_service', service.hostname],
    ['destination_canonical_service', workload?.canonicalName ?? UNKNOWN],
    ['destination_canonical_revision', workload?.canonicalRevision ?? LATEST],
    ['destination_service_name', service.name],
    ['destination_service_namespace', service.namespace],
    ['destination_cluster', workload?.cluster ?? UNKNOWN],
  ]
}

/** Names of the labels that the series of each kind have. */
export const labelNames = (): Readonly<Record<SeriesKind, readonly string[]>> => {
  const key: SeriesKey = {
    source: nobody,
    service: { namespace: '', name: '', hostname: '', port: 0 },
    endpoint: undefined,
    protocol: 'http',
    status: 0,
    grpcStatus: '',
    flags: '',
  }
  const namesOf = (labels: Labels): readonly string[] => labels.map(([name]) => name)
  return { request: namesOf(istioLabels(key)), messages: namesOf(peerLabels(key)), tcp: namesOf(connectionLabels(key)) }
}

const nobody: Source = {
  principal: undefined,
  namespace: undefined,
  serviceAccount: undefined,
  address: '',
  workload: undefined,
  canonicalName: undefined,
  canonicalRevision: undefined,
  app: undefined,
  version: undefined,
  cluster: undefined,
}

const outcomeLabels = ({ flags, source }: SeriesKey): Labels => [
  ['response_flags', flags === '' ? '-' : flags],
  ['connection_security_policy', source.principal === undefined ? 'none' : 'mutual_tls'],
]

/** Labels in the exposition format. */
export const formatLabels = (labels: Labels): string =>
  labels.map(([name, value]) => `${name}="${escapeValue(value)}"`).join(',')

/** Over plaintext nobody has proven anything, whatever the endpoint is said to be. */
const provenIdentity = (endpoint: Endpoint | undefined): string | undefined =>
  endpoint?.transport === 'hbone' ? endpoint.identity : undefined

/** A number from 0 to 16; anything else a server invents counts as 2, UNKNOWN (gRPC status codes), and makes no series. */
const formatGrpcStatus = (key: SeriesKey): string => {
  const status = toldGrpcStatus(key)
  return status === '' || /^(?:[0-9]|1[0-6])$/.test(status) ? status : '2'
}

const escapeValue = (value: string): string => {
  const cut = value.length > MAX_VALUE_LENGTH ? value.slice(0, MAX_VALUE_LENGTH) : value
  return /[\\"\n]/.test(cut) ? cut.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n') : cut
}

/** `unboundAuthority` → `unbound_authority`, as label values are written in Prometheus. */
export const toSnakeCase = (text: string): string => text.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
