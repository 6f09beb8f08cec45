/**
 * HTTP/1.1 heads, chunks and trailers as latin1 strings, to be written with `'latin1'`.
 * Framing and connection fields are always ours: what a header list says about them is skipped, so that no filter can
 * make the next hop see another message than we do. Nothing that could be reread as two lines is ever written.
 */
import type { HeaderList } from '../header-list.ts'
import { isConnectionSpecific } from '../hop-by-hop.ts'
import { isFieldValue } from '../../lib/headers/is-field-value.ts'
import { isMethod, isTarget } from './chars.ts'
import { isFieldName, usualNames } from './field-names.ts'
import { quoted } from './limits.ts'
import { CHUNKED, UNTIL_CLOSE } from './message.ts'
import { isAuthority } from './target.ts'

/** Why a head was not written: a filter, or our own code, has put something into it that must not go out. */
export interface H1EncodeFailure {
  readonly code: 'unwritable'
  readonly message: string
}

/** The first line of a request, and its Host. */
export interface H1RequestLine {
  readonly method: string
  /** Origin-form, absolute-form, authority-form or `*`, as it is to be written. */
  readonly target: string
  readonly host: string
}

/** The first line of a response. */
export interface H1StatusLine {
  readonly status: number
  /** Default: the registered phrase, or none. */
  readonly reason?: string | undefined
}

/** What the head says about the connection and the bytes that follow. */
export interface H1Framing {
  /** Bytes of the body, `CHUNKED`, or `UNTIL_CLOSE` (responses only, and it adds `connection: close`). */
  readonly bodyLength: number
  /** Value of Connection, beside `upgrade`; default: no field. */
  readonly connection?: 'close' | 'keep-alive' | undefined
  /** Value of Upgrade; adds `connection: upgrade`. */
  readonly upgrade?: string | undefined
}

/** Framing of a response, which depends on the request it answers. */
export interface H1ResponseFraming extends H1Framing {
  readonly method: string
}

/** Ends a chunk's data. */
export const CHUNK_END = '\r\n'

/** The last chunk of a message without trailers. */
export const LAST_CHUNK = '0\r\n\r\n'

/** TE is of one connection, and a client that sends it has to say so (RFC 9110 section 10.1.4). */
const REQUEST_TE = '\r\nconnection: te\r\nte: '
/** In a response it means nothing. */
const RESPONSE_TE = '\r\nte: '

/** Twice the number of checked fields that are passed over in search of one. */
const MAX_REMOVED = 16

/**
 * Fields that were written last, each a name and its value: what a route sets, what we tell of a client and what stands in
 * the answers of a filter are the same strings in thousands of messages.
 */
const RECENT = 8
// A field that may be written, too: nobody finds here what was not looked at.
const recent: string[] = Array.from({ length: RECENT }, () => 'x')
let nextRecent = 0
/** Longer values are not held on to. */
const MAX_RECENT_LENGTH = 256

/** Methods whose requests usually have no content and need no `content-length: 0` (RFC 9110 section 8.6). */
const WITHOUT_CONTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE', 'CONNECT', 'TRACE'])

/** The IANA registry of status codes. Written out, because `node:http` would load sockets into a room without any. */
const REASONS: Readonly<Record<number, string>> = {
  100: 'Continue',
  101: 'Switching Protocols',
  102: 'Processing',
  103: 'Early Hints',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  207: 'Multi-Status',
  208: 'Already Reported',
  226: 'IM Used',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  305: 'Use Proxy',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  423: 'Locked',
  424: 'Failed Dependency',
  425: 'Too Early',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  506: 'Variant Also Negotiates',
  507: 'Insufficient Storage',
  508: 'Loop Detected',
  510: 'Not Extended',
  511: 'Network Authentication Required',
}

/** The whole head of an HTTP/1.1 request with its blank line; Host comes first. */
export function encodeRequestHead(
  line: H1RequestLine,
  headers: HeaderList,
  framing: H1Framing,
): string | H1EncodeFailure {
  const { method, target, host } = line
  if (!isMethod(method)) return unwritable(`method ${quoted(method)}`)
  if (target === '' || !isTarget(target)) return unwritable(`target ${quoted(target.split('?', 1)[0] ?? '')}`)
  if (!isAuthority(host)) return unwritable(`Host ${quoted(host)}`)
  const { bodyLength } = framing
  if (bodyLength === UNTIL_CLOSE || !isLength(bodyLength)) return unwritable(`a request body of ${bodyLength} bytes`)
  const isBare = bodyLength === 0 && WITHOUT_CONTENT.has(method) && !headers.hasLower('content-length')
  // Who asks to switch protocols has a Connection field with one option, which some servers look for in the first line alone.
  const fields = encodeFields(headers, framing.upgrade === undefined ? REQUEST_TE : undefined)
  if (typeof fields !== 'string') return fields
  const connection = encodeConnection(framing)
  if (typeof connection !== 'string') return connection
  const length = isBare ? '' : encodeLength(bodyLength)
  return `${method} ${target} HTTP/1.1\r\nhost: ${host}${fields}${length}${connection}\r\n\r\n`
}

/**
 * The whole head of an HTTP/1.1 response with its blank line. A 1xx, a 204 and a 2xx to CONNECT carry no length; a 304
 * and the answer to HEAD carry the content-length that `headers` has, for no body follows (RFC 9110 section 8.6).
 */
export function encodeResponseHead(
  line: H1StatusLine,
  headers: HeaderList,
  framing: H1ResponseFraming,
): string | H1EncodeFailure {
  const { status } = line
  const registered = reasonPhrase(status)
  const reason = line.reason ?? registered
  if (!Number.isInteger(status) || status < 100 || status > 999) return unwritable(`status ${status}`)
  if (!isLength(framing.bodyLength)) return unwritable(`a response body of ${framing.bodyLength} bytes`)
  if (reason !== registered && !isFieldValue(reason)) return unwritable(`reason phrase ${quoted(reason)}`)
  const fields = encodeFields(headers, RESPONSE_TE)
  if (typeof fields !== 'string') return fields
  const connection = encodeConnection(framing)
  if (typeof connection !== 'string') return connection
  const start = (reason === registered ? STATUS_LINES.get(status) : undefined) ?? statusLine(status, reason)
  return `${start}${fields}${responseLength(status, headers, framing)}${connection}\r\n\r\n`
}

/** What comes before a chunk's data; `sizeBytes` must not be 0, which would end the body. */
export function chunkHeader(sizeBytes: number): string {
  return `${sizeBytes.toString(16)}\r\n`
}

/** The last chunk, with trailers if there are any. */
export function encodeLastChunk(trailers: HeaderList | undefined): string | H1EncodeFailure {
  if (trailers === undefined || trailers.size === 0) return LAST_CHUNK
  const fields = encodeFields(trailers, undefined)
  return typeof fields === 'string' ? `0${fields}\r\n\r\n` : fields
}

/** The registered reason phrase of a status, or an empty one. */
export function reasonPhrase(status: number): string {
  return REASONS[status] ?? ''
}

/** The content-length that a head without a body may keep, as the answers to HEAD and a 304 (RFC 9110 section 8.6). */
export function announcedLength(headers: HeaderList): string | undefined {
  const announced = headers.getLower('content-length')
  return announced !== undefined && /^[0-9]{1,16}$/.test(announced) ? announced : undefined
}

/**
 * Most fields are the very strings that the reader checked, in the same order; comparing two pointers is a tenth of
 * what looking at their characters costs. Where they differ, a few of those are passed over, as fields that were removed.
 * `teStart` is how a line of TE begins, where there may be one.
 */
function encodeFields(headers: HeaderList, teStart: string | undefined): string | H1EncodeFailure {
  const { fields, checked } = headers
  let text = ''
  let at = 0
  const ownAt = headers.ownAt
  for (let i = 0; i < fields.length; i += 2) {
    if (i === ownAt) {
      const count = headers.countOwnLines()
      if (count > 0) {
        text += headers.ownLines
        i += 2 * count - 2
        continue
      }
    }
    const name = fields[i] ?? ''
    const value = fields[i + 1] ?? ''
    const stop = Math.min(checked.length, at + MAX_REMOVED)
    let same = at
    while (same < stop && (checked[same] !== name || checked[same + 1] !== value)) same += 2
    if (same < stop) at = same + 2
    else if (!headers.isOwn(name, value) && !isRecent(name, value)) {
      if (!isFieldName(name)) return unwritable(`field name ${quoted(name)}`)
      if (!isFieldValue(value))
        return unwritable(`the value of field ${name}, which has a character that no field has,`)
      keepRecent(name, value)
    }
    const start = lineStart(name) ?? (name === 'te' ? teStart : undefined)
    if (start !== undefined) text = text + start + value
  }
  return text
}

function isRecent(name: string, value: string): boolean {
  for (let i = 0; i < RECENT; i += 2) if (recent[i] === name && recent[i + 1] === value) return true
  return false
}

function keepRecent(name: string, value: string): void {
  if (value.length > MAX_RECENT_LENGTH) return
  recent[nextRecent] = name
  recent[nextRecent + 1] = value
  nextRecent = (nextRecent + 2) % RECENT
}

/** Fields that the encoder writes itself, or in a way of their own. */
function isOurs(name: string): boolean {
  return name === 'host' || name === 'content-length' || name === 'te' || isConnectionSpecific(name)
}

/** How the line of a field begins, the end of the line before it included; `undefined` for one that is ours. */
function makeLineStart(name: string): string | undefined {
  return isOurs(name) ? undefined : `\r\n${name}: `
}

/** Those of usual fields, ready-made: each piece of a text less is memory less. */
const LINE_STARTS: ReadonlyMap<string, string | undefined> = new Map(
  usualNames.map((name) => [name, makeLineStart(name)]),
)

function lineStart(name: string): string | undefined {
  return LINE_STARTS.get(name) ?? makeLineStart(name)
}

function statusLine(status: number | string, reason: string): string {
  return `HTTP/1.1 ${status} ${reason}`
}

/** First lines with registered phrases. */
const STATUS_LINES: ReadonlyMap<number, string> = new Map(
  Object.entries(REASONS).map(([status, reason]) => [Number(status), statusLine(status, reason)]),
)

function isLength(bodyLength: number): boolean {
  return Number.isSafeInteger(bodyLength) && bodyLength >= UNTIL_CLOSE
}

function encodeLength(bodyLength: number): string {
  return bodyLength === CHUNKED ? '\r\ntransfer-encoding: chunked' : `\r\ncontent-length: ${bodyLength}`
}

function encodeConnection({ connection, upgrade, bodyLength }: H1Framing): string | H1EncodeFailure {
  if (upgrade !== undefined) {
    if (upgrade === '' || !isFieldValue(upgrade)) return unwritable('the value of field upgrade')
    return `\r\nconnection: upgrade\r\nupgrade: ${upgrade}`
  }
  if (bodyLength === UNTIL_CLOSE || connection === 'close') return '\r\nconnection: close'
  return connection === undefined ? '' : `\r\nconnection: ${connection}`
}

function responseLength(status: number, headers: HeaderList, { bodyLength, method }: H1ResponseFraming): string {
  if (status < 200 || status === 204 || (method === 'CONNECT' && status < 300)) return ''
  if (status !== 304 && method !== 'HEAD') return bodyLength === UNTIL_CLOSE ? '' : encodeLength(bodyLength)
  const announced = announcedLength(headers)
  return announced === undefined ? '' : `\r\ncontent-length: ${announced}`
}

function unwritable(what: string): H1EncodeFailure {
  return { code: 'unwritable', message: `${what} cannot be written into an HTTP/1.1 message` }
}
