/**
 * Requests from one version of HTTP to the other, as values. What comes out is what went in or nothing: no field, path
 * or length that the next hop could read as another request. Sockets, streams and routing never enter here.
 */
import type { H1Framing, H1RequestLine } from '../h1/encode.ts'
import { isMethod } from '../h1/chars.ts'
import { CHUNKED, UNTIL_CLOSE, type Scheme } from '../h1/message.ts'
import { checkTarget, toScheme } from '../h1/target.ts'
import { checkRequestFields, findField, readContentLength } from '../h2/fields.ts'
import type { HeaderList } from '../header-list.ts'
import { splitTarget } from '../path.ts'
import { type BridgeFailure, unbridgeable } from './failure.ts'
import { addH2Fields, isBodyLength, toH1Fields } from './regular-fields.ts'

/** Sixteen bytes, as any other: it guards browsers against servers that know nothing of WebSocket, and no browser looks here. */
const WEBSOCKET_KEY = Buffer.from('fairway-waypoint').toString('base64')

/** What `encodeRequestHead` takes. */
export interface H1Request {
  readonly line: H1RequestLine
  /** `:scheme`, `http` where there is none, or another. */
  readonly scheme: Scheme
  /** Without Host, which `line` has, and without fields of a connection. */
  readonly headers: HeaderList
  readonly framing: H1Framing
}

/**
 * An HTTP/2 request head as HTTP/1.1. `isEnd` says that no body follows; a body of unknown length goes out chunked.
 * The receiver counts the body against the content-length (`BodyGauge` where there is none).
 */
export const requestToH1 = (fields: readonly string[], isEnd: boolean): H1Request | BridgeFailure => {
  const wrong = checkRequestFields(fields)
  return wrong === undefined ? checkedRequestToH1(fields, isEnd) : unbridgeable(wrong)
}

/** The same for fields that `checkRequestFields` let pass, as an HTTP/2 receiver's have. */
export const checkedRequestToH1 = (fields: readonly string[], isEnd: boolean): H1Request | BridgeFailure => {
  const method = findField(fields, ':method') ?? ''
  if (!isMethod(method)) return unbridgeable(`:method ${method.slice(0, 40)}, which is not in capitals, or too long`)
  const authority = findField(fields, ':authority')
  const host = authority ?? findField(fields, 'host')
  if (host === undefined) return unbridgeable('neither :authority nor host')
  const target = method === 'CONNECT' ? host : (findField(fields, ':path') ?? '')
  const badTarget = checkTarget(method, target, host)
  if (badTarget !== undefined) return unbridgeable(badTarget.message)

  const length = readContentLength(fields)
  if (length < -1) return unbridgeable('a content-length that is none, or two that differ')
  const hasNoBody = isEnd || method === 'CONNECT'
  if (length > 0 && hasNoBody) return unbridgeable(`content-length ${length} without content`)
  const bodyLength = hasNoBody ? 0 : length === -1 ? CHUNKED : length
  const headers = toH1Fields(fields, length)
  if (method === 'CONNECT') headers.removeLower('content-length')
  const scheme = toScheme(findField(fields, ':scheme')) ?? 'http'
  return { line: { method, target, host }, scheme, headers, framing: { bodyLength } }
}

/**
 * An extended CONNECT, checked, as the HTTP/1.1 request that asks to switch to its `:protocol` (RFC 8441 section 5).
 * The key that a WebSocket server wants to see answered is our own: HTTP/2 needs none.
 */
export const switchToH1 = (fields: readonly string[]): H1Request | BridgeFailure => {
  const switched: string[] = []
  let hasKey = false
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? ''
    hasKey ||= name === 'sec-websocket-key'
    if (name !== ':protocol') switched.push(name, name === ':method' ? 'GET' : (fields[i + 1] ?? ''))
  }
  const isWebSocket = findField(fields, ':protocol')?.toLowerCase() === 'websocket'
  if (isWebSocket && !hasKey) switched.push('sec-websocket-key', WEBSOCKET_KEY)
  return checkedRequestToH1(switched, true)
}

/**
 * An HTTP/1.1 request head as HTTP/2 fields. An absolute-form target gives its path; Host is `line`'s.
 * `bodyLength` as in a head; a body of 0 bytes is told by END_STREAM, and by content-length if it was announced.
 */
export const requestToH2 = (
  line: H1RequestLine,
  headers: HeaderList,
  framing: { readonly bodyLength: number; readonly scheme: Scheme },
): string[] | BridgeFailure => {
  const { method, target, host } = line
  const { bodyLength, scheme } = framing
  if (!isMethod(method)) return unbridgeable(`method ${method.slice(0, 40)}, which is not in capitals, or too long`)
  const badTarget = checkTarget(method, target, host)
  if (badTarget !== undefined) return unbridgeable(badTarget.message)
  if (bodyLength === UNTIL_CLOSE) return unbridgeable('a request whose end nobody can tell')

  const fields = [':method', method, ':authority', method === 'CONNECT' ? target : host]
  if (method !== 'CONNECT') {
    const { path, query } = splitTarget(target, method)
    fields.push(':scheme', scheme, ':path', path + query)
  }
  const wrong = checkRequestFields(fields) ?? addH2Fields(fields, headers)
  if (wrong !== undefined) return unbridgeable(wrong)
  if (!isBodyLength(bodyLength)) return unbridgeable(`a body of ${bodyLength} bytes`)
  const isAnnounced = bodyLength > 0 || (bodyLength === 0 && headers.hasLower('content-length'))
  if (isAnnounced && method !== 'CONNECT') fields.push('content-length', String(bodyLength))
  return fields
}
