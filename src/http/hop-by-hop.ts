import type { HeaderList } from './header-list.ts'
import { removeIdentityClaims } from './identity-claims.ts'

/**
 * Fields that stay although Connection names them. RFC 9110 section 7.6.1 asks to drop all that are named, but a client
 * must not be able to take away what routes, frames or authenticates the request, or what an earlier hop has put in
 * about the client (`Connection: authorization, x-forwarded-for`).
 */
const NEVER_NOMINATED: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'content-range',
  'trailer',
  'authorization',
  'cookie',
  'set-cookie',
  'cache-control',
  'expect',
  'forwarded',
  'via',
  'baggage',
  'traceparent',
  'tracestate',
  'x-request-id',
])

/** The same for families of fields; `x-forwarded-` includes `x-forwarded-client-cert`. */
const NEVER_NOMINATED_PREFIXES = ['x-forwarded-', 'x-envoy-', 'x-b3-']

/**
 * Whether a field, in lower case, speaks of one HTTP/1.1 connection or its framing only: HTTP/2 has no such fields
 * (RFC 9113 section 8.2.2), and HTTP/1.1 heads get them anew. By length first: of a dozen fields hardly one is compared.
 */
export function isConnectionSpecific(name: string): boolean {
  switch (name.length) {
    case 7:
      return name === 'upgrade'
    case 10:
      return name === 'connection' || name === 'keep-alive'
    case 16:
      return name === 'proxy-connection'
    case 17:
      return name === 'transfer-encoding'
    default:
      return false
  }
}

/**
 * Removes from a request whatever must not be seen of it: what concerns only the connection it came on, and what a
 * client might claim in another's name.
 */
export function cleanRequest(headers: HeaderList): void {
  removeHopByHop(headers)
  removeIdentityClaims(headers)
}

/**
 * Removes what concerns only the connection it came on (RFC 9110 section 7.6.1): Connection and the fields it names,
 * Keep-Alive, Proxy-Connection, HTTP2-Settings, Transfer-Encoding, Upgrade, and TE except for `te: trailers`.
 * Trailer stays, since trailers are passed on. Who forwards an upgrade writes Connection and Upgrade anew.
 */
export function removeHopByHop(headers: HeaderList): void {
  const fields = headers.fields
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? ''
    const isKept = name === 'te' ? fields[i + 1] === 'trailers' : !isConnectionField(name)
    if (!isKept) return removeFrom(headers, nominated(headers))
  }
}

function removeFrom(headers: HeaderList, named: ReadonlySet<string>): void {
  const fields = headers.fields
  let kept = 0
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? ''
    let value = fields[i + 1] ?? ''
    if (name === 'te') {
      if (!acceptsTrailers(value)) continue
      value = 'trailers'
    } else if (isConnectionField(name) || named.has(name)) continue
    fields[kept++] = name
    fields[kept++] = value
  }
  fields.length = kept
}

function isConnectionField(name: string): boolean {
  return isConnectionSpecific(name) || name === 'te' || name === 'http2-settings'
}

const NONE: ReadonlySet<string> = new Set()

function nominated(headers: HeaderList): ReadonlySet<string> {
  const connection = headers.getLower('connection')
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return NONE
  const named = new Set<string>()
  for (const option of connection.toLowerCase().split(',')) {
    const name = option.trim()
    const isKept = NEVER_NOMINATED.has(name) || NEVER_NOMINATED_PREFIXES.some((prefix) => name.startsWith(prefix))
    if (!isKept) named.add(name)
  }
  return named
}

function acceptsTrailers(value: string): boolean {
  return value.split(',').some((coding) => coding.trim().toLowerCase() === 'trailers')
}
