import { FIELD_VALUE, CR, LF, SP } from './chars.ts'
import { type FieldFacts, type FieldSection, describeByte, readFields } from './fields.ts'
import { type H1Limits, badRequest, bodyTooLarge, h1Failure, quoted } from './limits.ts'
import { CHUNKED, type H1Failure, type H1ResponseHead, UNTIL_CLOSE } from './message.ts'

/** A response head, and the offset after its blank line. */
export interface ReadResponseHead {
  readonly head: H1ResponseHead
  readonly end: number
}

/**
 * Reads the response head at `section.base`; the blank line is known to be there (RFC 9112 sections 4 and 6.3).
 * `method` is that of the request it answers.
 */
export function readResponseHead(
  section: FieldSection,
  method: string,
  limits: H1Limits,
): ReadResponseHead | H1Failure {
  const { buffer, base, text } = section
  const minorVersion = text.startsWith('HTTP/1.1 ') ? 1 : text.startsWith('HTTP/1.0 ') ? 0 : undefined
  if (minorVersion === undefined) return badStart(text)
  const status = statusAt(buffer, base + 9)
  if (status < 100) return badRequest(`status is ${quoted(text.slice(9, 12))}, not a number from 100 to 999`)

  // The space after the status is required even before an empty reason, but servers leave it out, and nothing is
  // ambiguous then (RFC 9112 section 4).
  let at = base + 12
  if (buffer[at] === SP) at++
  else if (buffer[at] !== CR) return badRequest('the status is not followed by a space')
  const reasonStart = at
  while (FIELD_VALUE[buffer[at] ?? 0] === 1) at++
  if (buffer[at] !== CR || buffer[at + 1] !== LF)
    return badRequest(`${describeByte(buffer[at] ?? 0)} in the reason phrase`)
  const reason = text.slice(reasonStart - base, at - base)

  const facts = readFields(section, at + 2, limits.fields)
  const failure = facts.failure ?? checkResponse(status, minorVersion, facts)
  if (failure !== undefined) return failure
  const bodyLength = bodyLengthOf(method, status, facts)
  if (bodyLength > limits.bodyBytes) return bodyTooLarge(limits)
  const keepAlive = bodyLength !== UNTIL_CLOSE && isReusable(method, status, minorVersion, facts)
  return { head: { status, reason, minorVersion, headers: facts.headers, bodyLength, keepAlive }, end: facts.end }
}

/** Whether the connection stops being HTTP/1.1 after this answer (RFC 9110 sections 9.3.6 and 15.2.2). */
export function switchesProtocol(method: string, status: number): boolean {
  return status === 101 || (method === 'CONNECT' && status >= 200 && status < 300)
}

function statusAt(buffer: Uint8Array, at: number): number {
  let status = 0
  for (let i = at; i < at + 3; i++) {
    const digit = (buffer[i] ?? 0) - 0x30
    if (digit < 0 || digit > 9) return 0
    status = status * 10 + digit
  }
  return status
}

/** A server that speaks something else (`220 mail ESMTP`) may never send the blank line that a head ends with. */
export const faultOfResponseStart = (start: string): H1Failure | undefined =>
  VERSION.startsWith(start.slice(0, VERSION.length)) ? undefined : badStart(start)

const VERSION = 'HTTP/'

function badStart(text: string): H1Failure {
  const version = /^HTTP\/[0-9]\.[0-9] /.exec(text)?.[0]
  if (version !== undefined)
    return h1Failure('unsupported-version', `version ${version.trim()} is not HTTP/1.0 or HTTP/1.1`)
  return badRequest(`the response starts with ${quoted(text.slice(0, 16))}, not with a version`)
}

function checkResponse(status: number, minorVersion: 0 | 1, facts: FieldFacts): H1Failure | undefined {
  if (facts.isChunked && facts.contentLength !== -1) return badRequest('both Content-Length and Transfer-Encoding')
  if (facts.isChunked && minorVersion === 0) return badRequest('Transfer-Encoding in HTTP/1.0')
  // Whoever believes the field waits for content that the status rules out (RFC 9110 section 8.6, RFC 9112 section 6.1).
  if (status < 200 && (facts.isChunked || facts.contentLength > 0)) return badRequest(`content in a ${status} response`)
  return undefined
}

/** Whether such an answer has no body, whatever its fields say (RFC 9112 section 6.3, rules 1 and 2). */
export function isBodiless(method: string, status: number): boolean {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return true
  return switchesProtocol(method, status)
}

/** RFC 9112 section 6.3, rules 1 to 8. */
function bodyLengthOf(method: string, status: number, facts: FieldFacts): number {
  if (isBodiless(method, status)) return 0
  if (facts.isChunked) return CHUNKED
  return facts.contentLength === -1 ? UNTIL_CLOSE : facts.contentLength
}

function isReusable(method: string, status: number, minorVersion: 0 | 1, facts: FieldFacts): boolean {
  if (switchesProtocol(method, status)) return false
  // A 204 that announces content may send it all the same, and it would be taken for the next response.
  if (status === 204 && (facts.isChunked || facts.contentLength > 0)) return false
  return !facts.closes && (minorVersion === 1 || facts.keepsAlive)
}
