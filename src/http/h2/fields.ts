/**
 * Checks on field lists that came out of HPACK (RFC 9113 sections 8.2 and 8.3). They return what is wrong, or
 * `undefined`; a malformed message is a stream error of type PROTOCOL_ERROR (section 8.1.1). Strict on purpose: what
 * passes may be written out as HTTP/1.1, where a blank in a path or a second host would be another request.
 */
import { isFieldValue } from '../../lib/headers/is-field-value.ts'
import { isFieldName } from '../h1/field-names.ts'
import { isAuthority, isSameAuthority } from '../h1/target.ts'
import { isConnectionSpecific } from '../hop-by-hop.ts'
import { isBlank } from './grpc-blanks.ts'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-zA-Z]+$/
const SCHEME = /^[a-zA-Z][a-zA-Z0-9+.-]*$/
// As HTTP/1.1 targets: visible ASCII without '#'.
const PATH = /^\/[!-"$-~]*$/
const COLON = 0x3a
const NONE: readonly string[] = []

/** Value of the first field of that name in a flat list. */
export const findField = (fields: readonly string[], name: string): string | undefined => {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1]
  return undefined
}

/** The Content-Length: -1 without one, -2 when it is malformed or there are two that differ (RFC 9110 section 8.6). */
export const readContentLength = (fields: readonly string[]): number => {
  let length = -1
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== 'content-length') continue
    const value = fields[i + 1] ?? ''
    const parsed = /^[0-9]{1,15}$/.test(value) ? Number(value) : -2
    if (parsed === -2 || (length !== -1 && length !== parsed)) return -2
    length = parsed
  }
  return length
}

/**
 * What is wrong with the fields of a request head; `mayConnect`: SETTINGS_ENABLE_CONNECT_PROTOCOL was sent. `known` is an
 * earlier head that was good: what stands at the same place in both, as most does that HPACK's table gives, is so too.
 */
export const checkRequestFields = (
  fields: readonly string[],
  mayConnect = false,
  known: readonly string[] = NONE,
): string | undefined => {
  const parts: RequestParts = {}
  let isPastPseudo = false
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? ''
    const value = fields[i + 1] ?? ''
    const isPseudo = name.charCodeAt(0) === COLON
    if (isPseudo && isPastPseudo) return `${name} after regular fields`
    isPastPseudo = !isPseudo
    const isKnown = known[i] === name && known[i + 1] === value
    if (isKnown && !isPseudo) continue
    const wrong =
      (isKnown ? undefined : checkValue(name, value)) ??
      (isPseudo ? takePart(parts, name, value) : checkRegular(name, value))
    if (wrong !== undefined) return wrong
  }
  return checkHost(fields, parts) ?? checkRequestForm(parts, mayConnect)
}

/** What is wrong with the fields of a response head; `known` as for requests. */
export const checkResponseFields = (fields: readonly string[], known: readonly string[] = NONE): string | undefined => {
  if (fields[0] !== ':status') return 'no :status first'
  if (!/^[1-9][0-9][0-9]$/.test(fields[1] ?? '')) return 'bad :status'
  return checkRegularFrom(fields, 2, known)
}

/** What is wrong with trailers. */
export const checkTrailerFields = (fields: readonly string[]): string | undefined => checkRegularFrom(fields, 0, NONE)

/** What is wrong with a field that is no pseudo-header field. */
export const checkRegularField = (name: string, value: string): string | undefined =>
  checkValue(name, value) ?? checkRegular(name, value)

/** What the pseudo-header fields said. */
interface RequestParts {
  method?: string
  scheme?: string
  authority?: string
  path?: string
  protocol?: string
}

const takePart = (parts: RequestParts, name: string, value: string): string | undefined => {
  switch (name) {
    case ':method':
      if (parts.method !== undefined) return 'second :method'
      parts.method = value
      return undefined
    case ':scheme':
      if (parts.scheme !== undefined) return 'second :scheme'
      parts.scheme = value
      return undefined
    case ':authority':
      if (parts.authority !== undefined) return 'second :authority'
      parts.authority = value
      return undefined
    case ':path':
      if (parts.path !== undefined) return 'second :path'
      parts.path = value
      return undefined
    case ':protocol':
      if (parts.protocol !== undefined) return 'second :protocol'
      parts.protocol = value
      return undefined
    default:
      return `unknown pseudo-header field ${quoted(name)}`
  }
}

/** The method, and the parts that go with it (RFC 9113 sections 8.3.1 and 8.5, RFC 8441 section 4). */
const checkRequestForm = (
  { method, scheme, authority, path, protocol }: RequestParts,
  mayConnect: boolean,
): string | undefined => {
  if (method === undefined || !TOKEN.test(method)) return 'no good :method'
  if (method === 'CONNECT' && protocol === undefined) {
    if (scheme !== undefined || path !== undefined) return 'CONNECT with :scheme or :path'
    return authority === undefined ? 'CONNECT without :authority' : undefined
  }
  if (protocol !== undefined) {
    if (!mayConnect) return ':protocol although it is not offered'
    if (method !== 'CONNECT' || authority === undefined || !TOKEN.test(protocol)) return 'no good :protocol'
  }
  if (scheme === undefined || !SCHEME.test(scheme)) return 'no good :scheme'
  if (path !== undefined && PATH.test(path)) return undefined
  return path === '*' && method === 'OPTIONS' ? undefined : 'no good :path'
}

/** One authority and one Host at most, without userinfo, that agree (RFC 9113 section 8.3.1, RFC 9110 section 7.2). */
const checkHost = (fields: readonly string[], { authority, scheme }: RequestParts): string | undefined => {
  if (authority !== undefined && !isAuthority(authority)) return `bad :authority ${quoted(authority)}`
  let host: string | undefined
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== 'host') continue
    if (host !== undefined) return 'second host'
    host = fields[i + 1] ?? ''
    if (!isAuthority(host)) return `bad host ${quoted(host)}`
  }
  if (host === undefined || authority === undefined || isSameAuthority(host, authority, scheme)) return undefined
  return 'host that differs from :authority'
}

const checkRegularFrom = (fields: readonly string[], from: number, known: readonly string[]): string | undefined => {
  for (let i = from; i < fields.length; i += 2) {
    const name = fields[i] ?? ''
    const value = fields[i + 1] ?? ''
    if (known[i] === name && known[i + 1] === value) continue
    if (name.charCodeAt(0) === COLON) return `pseudo-header field ${quoted(name)} out of place`
    const wrong = checkRegularField(name, value)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

const checkRegular = (name: string, value: string): string | undefined => {
  if (!isFieldName(name)) return `bad field name ${quoted(name)}`
  if (isConnectionSpecific(name)) return `connection-specific field ${name}`
  return name === 'te' && value.toLowerCase() !== 'trailers' ? 'te other than trailers' : undefined
}

/** No control character, and no white space at either end (RFC 9113 section 8.2.1). */
const checkValue = (name: string, value: string): string | undefined => {
  if (value.length === 0) return undefined
  const isPadded = isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(value.length - 1))
  return isPadded || !isFieldValue(value) ? `bad value of ${quoted(name)}` : undefined
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 64))
