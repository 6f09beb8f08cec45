/** What logs, filters of logs and flow records tell of an exchange, each said once. */
import type { Endpoint } from '../../model/endpoint.ts'
import { joinHostPort } from '../../lib/ip.ts'
import { hideInTarget, hideSecrets, HIDDEN, isSecretName } from '../../lib/secrets/hide-secrets.ts'
import type { ExchangeRecord } from '../../filter/record.ts'
import { fieldTextIfAny } from '../../http/field-text.ts'
import type { HeaderList } from '../../http/header-list.ts'
import type { Told } from './told.ts'

/** `10.0.3.7:8080`, of an IPv6 address in brackets. */
export const formatEndpoint = (endpoint: Endpoint | undefined): string | undefined =>
  endpoint === undefined ? undefined : joinHostPort(endpoint.address, endpoint.port)

/** In the style of Istio's waypoint, which tools search for; `undefined` when no backend was chosen. */
export const clusterName = ({ backend, protocol }: ExchangeRecord): string | undefined =>
  backend === undefined
    ? undefined
    : `inbound-vip|${backend.port}|${protocol === 'tcp' ? 'tcp' : 'http'}|${backend.hostname}`

/** `HTTPRoute/shop/api/0` */
export const routeName = ({ route, rule }: ExchangeRecord): string | undefined =>
  route === undefined ? undefined : `${route}/${rule ?? ''}`

/** The target as it came, without its secrets. */
export const originalPath = ({ record }: Told): string => hideInTarget(record.path)

const targetNow = ({ record, exchange }: Told): string =>
  exchange === undefined ? record.path : exchange.request.path + exchange.request.query

/** The same as it was sent on. */
export const pathNow = (told: Told): string => hideInTarget(targetNow(told))

/** An address with or without a port: `10.0.1.5:41234`, `[fd00::1]:80`, `fd00::1`. */
const ADDRESS = /^(?:\[([^\]]*)\]|([^:]*))(?::([0-9]{1,5}))?$/

/** An address without its port, if it has one. */
export const hostOf = (address: string | undefined): string | undefined => {
  const found = address === undefined ? null : ADDRESS.exec(address)
  return found === null ? address : (found[1] ?? found[2])
}

/** The port of an address that has one. */
export const portOf = (address: string | undefined): number | undefined => {
  const port = address === undefined ? undefined : ADDRESS.exec(address)?.[3]
  return port === undefined ? undefined : Number(port)
}

/** A header of a request, by its name in lower case. Those that the record has are known of every exchange. */
export const requestHeader = (told: Told, name: string): string | undefined => fieldTextIfAny(headerOf(told, name))

const headerOf = ({ record, exchange }: Told, name: string): string | undefined => {
  switch (name) {
    case 'host':
      return record.authority
    case 'user-agent':
      return record.userAgent
    case 'x-request-id':
      return record.requestId
    case 'x-forwarded-for':
      return record.forwardedFor
    default:
      return exchange?.request.headers.getLower(name)
  }
}

/** A field of a request's head, by its name in lower case; as with Envoy, method, target and so on are among them. */
export const requestField = (told: Told, name: string): string | undefined => {
  switch (name) {
    case ':method':
      return told.record.method
    case ':path':
      return targetNow(told)
    case ':authority':
      return told.record.authority
    case ':scheme':
      return told.exchange?.request.scheme
    default:
      return requestHeader(told, name)
  }
}

/** The status of an answer as a field of its head; `undefined`: there was none. */
export const statusField = ({ record: { status } }: Told): string | undefined =>
  status === 0 ? undefined : String(status)

/** Values of headers whose names, or whose forms, say that they let their holder in are not told. */
export const withoutSecret = (name: string, value: string | undefined): string | undefined => {
  if (value === undefined || value === '') return value
  return isSecretName(name) ? HIDDEN : hideSecrets(value)
}

/** A field of a head or of trailers, without secrets; as with Envoy's operators the first of several of one name. */
export const fieldOf = (fields: HeaderList | undefined, name: string): string | undefined => {
  const value = joinedByEnvoy.has(name) || name.startsWith('x-envoy-') ? fields?.getLower(name) : firstOf(fields, name)
  return withoutSecret(name, fieldTextIfAny(value))
}

const firstOf = (headers: HeaderList | undefined, name: string): string | undefined => {
  if (headers === undefined) return undefined
  const { fields } = headers
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1]
  return undefined
}

/**
 * Fields that Envoy makes one of as they come in, so that their first is all of them: those of envoy/http/header_map.h, and
 * those that its filters for caching, compression and CORS register.
 */
const joinedByEnvoy: ReadonlySet<string> = new Set([
  ...['connection', 'content-length', 'content-type', 'expect', 'grpc-message', 'grpc-status', 'grpc-timeout'],
  ...['keep-alive', 'location', 'proxy-connection', 'proxy-status', 'server', 'te', 'transfer-encoding', 'upgrade'],
  ...['via', 'x-client-trace-id', 'x-forwarded-client-cert', 'x-forwarded-host', 'x-forwarded-port'],
  ...['x-forwarded-proto', 'accept-encoding', 'authorization', 'cache-control', 'content-encoding', 'date', 'etag'],
  ...['origin', 'pragma', 'referer', 'vary'],
])

/** How long until something of which the time is known, in milliseconds since the exchange began. */
export const sinceStart = ({ startedAtMs }: ExchangeRecord, atMs: number | undefined): number | undefined =>
  atMs === undefined || atMs < 0 ? undefined : Math.max(0, atMs - startedAtMs)

/** The parameter of the query as it came, decoded, without secrets. */
export const queryParameter = ({ record }: Told, name: string): string | undefined => {
  const mark = record.path.indexOf('?')
  if (mark === -1) return undefined
  return withoutSecret(name, new URLSearchParams(record.path.slice(mark + 1)).get(name) ?? undefined)
}

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-/

/** Of our own span where there is one, else as the client has it. */
export const traceIdOf = ({ record, exchange }: Told): string | undefined =>
  record.trace?.traceId ?? TRACEPARENT.exec(exchange?.request.headers.getLower('traceparent') ?? '')?.[1]
