import { isIP } from 'node:net'
import { joinHostPort } from '../../lib/ip.ts'
import { parseSpiffeId } from '../../model/identity.ts'
import { usageError } from '../arguments.ts'
import { decodeClusterDomain } from '../cluster-domain-flag.ts'
import { decodeHostPort, type HostPort } from '../host-port.ts'

/** What a command line says about a request or connection. */
export interface RequestFlags {
  readonly request?: string | undefined
  readonly header: readonly string[]
  readonly from?: string | undefined
  readonly address?: string | undefined
  readonly sni?: string | undefined
  readonly claims?: string | undefined
  readonly 'cluster-domain': string
}

/** A request or connection that nobody has sent. */
export interface ImaginedRequest {
  /** For people: `GET http://api.shop/x`. */
  readonly title: string
  /** Of its client, for people. */
  readonly from: string | undefined
  /** What its CONNECT may be for, in the order in which DNS in the cluster would try names. */
  readonly authorities: readonly [string, ...string[]]
  /** What may be the matter when none of them is known. */
  readonly doubt: string | undefined
  /** The parameters of the admin API's `/resolve`, but for `authority`. */
  readonly parameters: URLSearchParams
}

/** Reads `[METHOD] URL` and what flags add to it; throws `CliError` (64) for what cannot be meant. */
export const imagineRequest = (words: readonly string[], flags: RequestFlags): ImaginedRequest => {
  const url = words.at(-1)
  if (url === undefined || (words.length === 1 && /^[A-Z]+$/.test(url)))
    throw usageError('the URL is missing', 'fairway explain GET http://api.shop/items -f objects/')
  const [method] = words.length > 1 ? words : [flags.request]
  if (words.length > 1 && flags.request !== undefined) {
    throw usageError(`two methods are given, ${words[0]} and --request ${flags.request}`, 'leave one of them out')
  }
  const target = decodeTarget(url)
  const parameters = new URLSearchParams()
  if (target.path === undefined) refuseOfConnection(method, flags)
  else addRequest(parameters, { ...target, path: target.path, method: method ?? 'GET' }, flags.header)
  const sni = flags.sni ?? target.sni
  if (sni !== undefined) parameters.append('sni', sni)
  if (flags.from !== undefined) parameters.append('source', decodeClient(flags.from))
  if (flags.address !== undefined) parameters.append('address', flags.address)
  if (flags.claims !== undefined) parameters.append('claims', flags.claims)
  const namespace = namespaceOf(parameters.get('source'))
  const isLocal = namespace === undefined && isIP(target.to.host) === 0 && !target.to.host.includes('.')
  return {
    title: target.path === undefined ? url : `${method ?? 'GET'} ${url}`,
    from: flags.from,
    authorities: authoritiesOf(target.to, namespace, decodeClusterDomain(flags['cluster-domain'])),
    doubt: isLocal
      ? `${target.to.host} is a name in the namespace of the client: give it with --from NS/SA`
      : undefined,
    parameters,
  }
}

interface Target {
  readonly to: HostPort
  /** With its query; a connection has none. */
  readonly path?: string
  /** As a client would send it. */
  readonly host?: string
  readonly sni?: string
}

/** `http://HOST[:PORT]/PATH`, `tcp://HOST:PORT` and `tls://HOST[:PORT]`; without a scheme it is http. */
const decodeTarget = (text: string): Target => {
  const [, scheme = 'http', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/i.exec(text) ?? []
  switch (scheme.toLowerCase()) {
    case 'http':
      return decodeHttp(text, rest)
    case 'tcp':
      return { to: decodeHostPort('the URL', rest.replace(/\/$/, '')) }
    case 'tls': {
      const to = decodeHostPort('the URL', rest.replace(/\/$/, ''), 443)
      // Clients name a server by its name only (RFC 6066, section 3).
      return { to, sni: isIP(to.host) === 0 ? to.host : '' }
    }
    case 'https':
      throw usageError(
        `${text}: a waypoint does not see what is inside TLS`,
        'use tls://HOST for a connection with a server name, or http:// for what the client sends in plaintext',
      )
    default:
      throw usageError(`${text}: nothing is known of ${scheme}://`, 'use http://, tcp:// or tls://')
  }
}

const decodeHttp = (text: string, rest: string): Target => {
  const [, authority = '', path = ''] = /^([^/?#]*)([^#]*)/.exec(rest) ?? []
  if (authority.includes('@')) {
    throw usageError('the URL holds a user name or password', "give them as a header: -H 'authorization: …'")
  }
  if (authority === '') throw usageError(`${JSON.stringify(text)} is not an http URL`)
  // The path stays as it was written: what normalising makes of it is the waypoint's business.
  return {
    to: decodeHostPort('the URL', authority, 80),
    host: authority,
    path: path.startsWith('/') || path === '' ? path || '/' : `/${path}`,
  }
}

const refuseOfConnection = (method: string | undefined, { header, claims }: RequestFlags): void => {
  const given = method ?? (header.length > 0 ? '--header' : claims === undefined ? undefined : '--claims')
  if (given === undefined) return
  throw usageError(`${given} is about a request, and this is a connection`, 'use http:// for a request')
}

const addRequest = (
  parameters: URLSearchParams,
  { method, path, host = '' }: Target & { readonly path: string; readonly method: string },
  headers: readonly string[],
): void => {
  parameters.append('method', method.toUpperCase() === method ? method : method.toUpperCase())
  parameters.append('path', path)
  const isHost = (header: string): boolean => /^host[ \t]*:/i.test(header)
  if (!headers.some(isHost)) parameters.append('header', `host: ${host}`)
  for (const header of headers) parameters.append('header', header)
}

/** `NS`, `NS/SA`, `TD/NS/SA` or a SPIFFE ID, as `/resolve` takes it. */
const decodeClient = (text: string): string => {
  const [trustDomain, namespace, serviceAccount, surplus] = text.split('/')
  const isLong = !text.startsWith('spiffe://') && serviceAccount !== undefined && surplus === undefined
  return isLong ? `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}` : text
}

const namespaceOf = (source: string | null): string | undefined =>
  source === null ? undefined : (parseSpiffeId(source)?.namespace ?? /^[^/]+/.exec(source)?.[0])

/** What the `search` of a Pod's resolv.conf (`ndots:5`) makes of a name, and the name itself. */
const authoritiesOf = (
  { host, port }: HostPort,
  namespace: string | undefined,
  clusterDomain: string,
): readonly [string, ...string[]] => {
  const whole = joinHostPort(host, port)
  const isWhole = isIP(host) !== 0 || host.endsWith('.') || host.toLowerCase().endsWith(`.svc.${clusterDomain}`)
  if (isWhole) return [whole]
  const domains = [...(namespace === undefined ? [] : [`${namespace}.svc.${clusterDomain}`]), `svc.${clusterDomain}`]
  const [first, ...others] = domains.map((domain) => `${host}.${domain}:${port}`)
  return first === undefined ? [whole] : [first, ...others, `${host}.${clusterDomain}:${port}`, whole]
}
