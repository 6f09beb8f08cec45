/**
 * Checks on field lists that came out of HPACK (RFC 9113 sections 8.2 and 8.3). They return what is wrong, or
 * `undefined`; a malformed message is a stream error of type PROTOCOL_ERROR (section 8.1.1). Strict on purpose: what
 * passes may be written out as HTTP/1.1, where a blank in a path or a second host would be another request.
 */
import { isAuthority } from '../h1/target.ts'

// RFC 9113 section 8.2.1: lower-case token characters; the colon only as the first of a pseudo-header name.
const NAME = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-zA-Z]+$/
const SCHEME = /^[a-zA-Z][a-zA-Z0-9+.-]*$/
// As HTTP/1.1 targets: visible ASCII without '#'.
const PATH = /^\/[!-"$-~]*$/
// RFC 9110 section 5.5 allows no control character but HTAB; RFC 9113 section 8.2.1 no white space at either end.
// oxlint-disable-next-line no-control-regex
const BAD_VALUE = /[\0-\x08\x0a-\x1f\x7f]|^[ \t]|[ \t]$/

const connectionSpecific: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
])
const requestPseudo = [':method', ':scheme', ':authority', ':path', ':protocol']

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

/** What is wrong with the fields of a request head. */
export const checkRequestFields = (fields: readonly string[]): string | undefined => {
  let seen = 0
  const wrong = checkFields(fields, (name) => {
    const index = requestPseudo.indexOf(name)
    if (index < 0) return `unknown pseudo-header field ${name}`
    if ((seen & (1 << index)) !== 0) return `second ${name}`
    seen |= 1 << index
    return undefined
  })
  return wrong ?? checkHost(fields) ?? checkRequestForm(fields)
}

/** What is wrong with the fields of a response head. */
export const checkResponseFields = (fields: readonly string[]): string | undefined => {
  let count = 0
  const wrong = checkFields(fields, (name) => {
    count++
    return name === ':status' ? undefined : `unknown pseudo-header field ${name}`
  })
  if (wrong !== undefined) return wrong
  if (count !== 1) return count === 0 ? 'no :status' : 'second :status'
  return /^[1-9][0-9][0-9]$/.test(findField(fields, ':status') ?? '') ? undefined : 'bad :status'
}

/** What is wrong with trailers. */
export const checkTrailerFields = (fields: readonly string[]): string | undefined =>
  checkFields(fields, (name) => `pseudo-header field ${name} in trailers`)

/** The method, and the parts that go with it (RFC 9113 sections 8.3.1 and 8.5, RFC 8441 section 4). */
const checkRequestForm = (fields: readonly string[]): string | undefined => {
  const method = findField(fields, ':method')
  const scheme = findField(fields, ':scheme')
  const path = findField(fields, ':path')
  const protocol = findField(fields, ':protocol')
  if (method === undefined || !TOKEN.test(method)) return 'no good :method'
  if (method === 'CONNECT' && protocol === undefined) {
    if (scheme !== undefined || path !== undefined) return 'CONNECT with :scheme or :path'
    return findField(fields, ':authority') === undefined ? 'CONNECT without :authority' : undefined
  }
  // We never offer SETTINGS_ENABLE_CONNECT_PROTOCOL.
  if (protocol !== undefined) return ':protocol although it is not offered'
  if (scheme === undefined || !SCHEME.test(scheme)) return 'no good :scheme'
  if (path !== undefined && PATH.test(path)) return undefined
  return path === '*' && method === 'OPTIONS' ? undefined : 'no good :path'
}

/** One authority at most, without userinfo; a Host beside it has to agree (RFC 9113 section 8.3.1). */
const checkHost = (fields: readonly string[]): string | undefined => {
  let authority: string | undefined
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]
    if (name !== ':authority' && name !== 'host') continue
    const value = fields[i + 1] ?? ''
    if (!isAuthority(value)) return `bad ${name} ${JSON.stringify(value.slice(0, 64))}`
    const lower = value.toLowerCase()
    if (authority !== undefined && lower !== authority) return 'hosts that differ'
    authority = lower
  }
  return undefined
}

const checkFields = (
  fields: readonly string[],
  checkPseudo: (name: string) => string | undefined,
): string | undefined => {
  let isPastPseudo = false
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? ''
    const value = fields[i + 1] ?? ''
    if (!NAME.test(name)) return `bad field name ${JSON.stringify(name.slice(0, 64))}`
    if (BAD_VALUE.test(value)) return `bad value of ${name}`
    if (name.startsWith(':')) {
      if (isPastPseudo) return `${name} after regular fields`
      const wrong = checkPseudo(name)
      if (wrong !== undefined) return wrong
      continue
    }
    isPastPseudo = true
    if (connectionSpecific.has(name)) return `connection-specific field ${name}`
    if (name === 'te' && value.toLowerCase() !== 'trailers') return 'te other than trailers'
  }
  return undefined
}
