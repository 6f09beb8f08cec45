import { exchangeAttributes, type ExchangeAttribute } from '../../model/telemetry/attributes.ts'
import type { Attribute, ExpressionScope } from '../../lib/expression/compiler.ts'
import { flagBits } from '../meanings/flag-names.ts'
import { toldGrpcStatus } from '../meanings/grpc-status.ts'
import {
  clusterName,
  originalPath,
  pathNow,
  portOf,
  requestField,
  requestHeader,
  routeName,
  statusField,
  withoutSecret,
} from './facts.ts'
import type { Fact, Told } from './told.ts'

/** What conditions about exchanges speak of, as it is in an exchange that is over. They decide, and show nothing. */
export const attributeScope = (random: () => number): ExpressionScope<Told> => ({ attributes, random })

const number = (text: string): number | undefined => (text === '' ? undefined : Number(text))

const workloadOf = ({ record }: Told) => record.endpoint?.workload

/** An identity that was shown in a handshake. */
const shownIdentity = ({ record: { endpoint } }: Told): string | undefined =>
  endpoint?.transport === 'hbone' ? endpoint.identity : undefined

const upgradeless = (path: string): string => {
  const mark = path.indexOf('?')
  return mark === -1 ? path : path.slice(0, mark)
}

type TextAttribute = Exclude<ExchangeAttribute, 'request.headers' | 'response.headers' | 'response.trailers'>

const facts: Readonly<Record<TextAttribute, Fact>> = {
  'request.url_path': ({ record }) => upgradeless(record.path),
  'request.path': ({ record }) => record.path,
  'request.query': ({ record }) => record.path.slice(upgradeless(record.path).length + 1),
  'request.host': ({ record }) => record.authority,
  'request.method': ({ record }) => record.method,
  'request.scheme': ({ exchange }) => exchange?.request.scheme,
  'request.protocol': ({ record }) => record.httpVersion,
  'request.id': ({ record }) => record.requestId,
  'request.useragent': (told) => requestHeader(told, 'user-agent'),
  'request.referer': (told) => requestHeader(told, 'referer'),
  'request.duration': ({ record }) => record.durationMs,
  'request.total_size': ({ record }) => record.requestBytes,
  // Without an answer there is none: `!has(response.code)` is how Istio's users ask for connections that failed.
  'response.code': ({ record }) => (record.status === 0 ? undefined : record.status),
  'response.code_details': ({ record }) => record.details,
  'response.flags': ({ record }) => flagBits(record.flags),
  'response.flags_text': ({ record }) => record.flags,
  'response.grpc_status': ({ record }) => number(toldGrpcStatus(record)),
  'response.total_size': ({ record }) => record.responseBytes,
  'response.backend_latency': ({ record }) => (record.upstreamMs < 0 ? undefined : record.upstreamMs),
  'source.address': ({ record }) => record.source.address,
  'source.port': ({ record }) => portOf(record.source.address),
  'destination.address': ({ record }) => record.called,
  'destination.port': ({ record }) => record.destination.port,
  'connection.mtls': ({ record }) => record.source.principal !== undefined,
  'connection.requested_server_name': ({ record }) => record.sni,
  'connection.tls_version': ({ record }) => (record.source.principal === undefined ? undefined : 'TLSv1.3'),
  'connection.uri_san_peer_certificate': ({ record }) => record.source.principal,
  'connection.termination_details': ({ record }) => record.termination,
  'upstream.address': ({ record }) => record.endpoint?.address,
  'upstream.port': ({ record }) => record.endpoint?.port,
  'upstream.uri_san_peer_certificate': shownIdentity,
  'upstream.transport_failure_reason': ({ record }) => record.upstreamFailure,
  'upstream.request_attempt_count': ({ record }) => record.attempts,
  'xds.route_name': ({ record }) => routeName(record),
  'xds.cluster_name': ({ record }) => clusterName(record),
  'downstream_peer.workload': ({ record }) => record.source.workload,
  'downstream_peer.namespace': ({ record }) => record.source.namespace,
  'downstream_peer.service': ({ record }) => record.source.canonicalName,
  'downstream_peer.revision': ({ record }) => record.source.canonicalRevision,
  'downstream_peer.app': ({ record }) => record.source.app,
  'downstream_peer.version': ({ record }) => record.source.version,
  'downstream_peer.cluster': ({ record }) => record.source.cluster,
  'downstream_peer.identity': ({ record }) => record.source.principal,
  'upstream_peer.workload': (told) => workloadOf(told)?.name,
  'upstream_peer.namespace': (told) => workloadOf(told)?.namespace,
  'upstream_peer.service': (told) => workloadOf(told)?.canonicalName,
  'upstream_peer.revision': (told) => workloadOf(told)?.canonicalRevision,
  'upstream_peer.app': (told) => workloadOf(told)?.app,
  'upstream_peer.version': (told) => workloadOf(told)?.version,
  'upstream_peer.cluster': (told) => workloadOf(told)?.cluster,
  'upstream_peer.identity': ({ record }) => record.endpoint?.identity,
  'destination.service.host': ({ record }) => record.destination.hostname,
  'destination.service.name': ({ record }) => record.destination.name,
  'destination.service.namespace': ({ record }) => record.destination.namespace,
}

const maps: Readonly<
  Record<Exclude<ExchangeAttribute, TextAttribute>, (told: Told, key: string) => string | undefined>
> = {
  'request.headers': (told, key) => requestField(told, key.toLowerCase()),
  'response.headers': (told, key) =>
    key.toLowerCase() === ':status' ? statusField(told) : told.exchange?.response?.headers.get(key),
  'response.trailers': ({ record }, key) => record.responseTrailers?.get(key),
}

const isMap = (name: string): name is keyof typeof maps => Object.hasOwn(maps, name)

const isText = (name: string): name is TextAttribute => Object.hasOwn(facts, name)

const attributeOf = (
  name: string,
  type: (typeof exchangeAttributes)[ExchangeAttribute],
): Attribute<Told> | undefined => {
  if (type === 'map') return isMap(name) ? { type, read: maps[name] } : undefined
  return isText(name) ? { type, read: facts[name] } : undefined
}

const attributes: ReadonlyMap<string, Attribute<Told>> = new Map(
  Object.entries(exchangeAttributes).flatMap(([name, type]): (readonly [string, Attribute<Told>])[] => {
    const attribute = attributeOf(name, type)
    return attribute === undefined ? [] : [[name, attribute]]
  }),
)

/** Of the fields of a request: a target has secrets in places of its own. */
const isPath = (key: string): boolean => key.toLowerCase() === ':path'

const hidden: readonly (readonly [ExchangeAttribute, Attribute<Told>])[] = [
  ['request.path', { type: 'string', read: originalPath }],
  ['request.query', { type: 'string', read: (told) => originalPath(told).split('?').slice(1).join('?') }],
  ['request.referer', { type: 'string', read: (told) => withoutSecret('referer', requestHeader(told, 'referer')) }],
  ...Object.entries(maps).map(([name, read]): readonly [ExchangeAttribute, Attribute<Told>] => [
    // The names of `maps` are those of attributes.
    name as keyof typeof maps,
    {
      type: 'map',
      read: (told, key) => (isPath(key) ? pathNow(told) : withoutSecret(key.toLowerCase(), read(told, key))),
    },
  ]),
]

/** What expressions speak of whose value is shown, in a line or a label: secrets are hidden from them. */
export const shownScope: ExpressionScope<Told> = { attributes: new Map([...attributes, ...hidden]) }
