import { LF, CR, SP, TARGET, TOKEN_LOWER } from './chars.ts'
import { type FieldFacts, type FieldSection, readFields } from './fields.ts'
import { type H1Limits, badRequest, bodyTooLarge, h1Failure, quoted } from './limits.ts'
import { CHUNKED, type H1Failure, type H1RequestHead } from './message.ts'
import { authorityOf, checkTarget, isAuthority, schemeOf } from './target.ts'

/** A request head, and the offset after its blank line. */
export interface ReadRequestHead {
  readonly head: H1RequestHead
  readonly end: number
}

/** Longer method names exist nowhere. */
const MAX_METHOD_BYTES = 32

/** Reads the request head at `section.base`; the blank line is known to be there (RFC 9112 sections 3 and 5). */
export function readRequestHead(section: FieldSection, limits: H1Limits): ReadRequestHead | H1Failure {
  const { buffer, base, text } = section
  const methodEnd = endOfMethod(buffer, base)
  if (methodEnd === -1) return badRequest('the request does not start with a method in capitals and a space')

  let targetEnd = methodEnd + 1
  while (TARGET[buffer[targetEnd] ?? 0] === 1) targetEnd++
  const targetStart = methodEnd + 1
  if (targetEnd - targetStart > limits.targetBytes)
    return h1Failure('uri-too-long', `target is longer than ${limits.targetBytes} bytes`)
  const target = text.slice(targetStart - base, targetEnd - base)
  if (target === '' || buffer[targetEnd] !== SP) return badTarget(target, buffer[targetEnd] ?? 0)

  const minorVersion = versionAt(section, targetEnd + 1)
  if (minorVersion === undefined) return badVersion(section, targetEnd + 1)

  const facts = readFields(section, targetEnd + 11, limits.fields)
  if (facts.failure !== undefined) return facts.failure
  const method = methodOf(section, methodEnd)
  const failure = checkRequest(method, target, minorVersion, facts)
  if (failure !== undefined) return failure
  if (facts.contentLength > limits.bodyBytes) return bodyTooLarge(limits)
  return { head: createHead(method, target, minorVersion, facts), end: facts.end }
}

// Methods are case-sensitive (RFC 9110 section 9.1), yet servers exist that take `get` for GET: a policy on GET would
// be evaded, so lower case is refused, as nginx does.
function endOfMethod(buffer: Uint8Array, start: number): number {
  let at = start
  let byte = buffer[at] ?? 0
  while (TOKEN_LOWER[byte] !== 0 && !(byte >= 0x61 && byte <= 0x7a)) byte = buffer[++at] ?? 0
  return byte === SP && at > start && at - start <= MAX_METHOD_BYTES ? at : -1
}

function methodOf({ buffer, base, text }: FieldSection, end: number): string {
  // The literal is shared by all requests and compares by identity; nine of ten requests are GET.
  if (end - base === 3 && buffer[base] === 0x47 && buffer[base + 1] === 0x45 && buffer[base + 2] === 0x54) return 'GET'
  return text.slice(0, end - base)
}

/** The minor version of `HTTP/1.0` or `HTTP/1.1` and a line end at `at`; anything else is `undefined`. */
function versionAt({ buffer, base, text }: FieldSection, at: number): 0 | 1 | undefined {
  if (!text.startsWith('HTTP/1.', at - base) || buffer[at + 8] !== CR || buffer[at + 9] !== LF) return undefined
  const minor = buffer[at + 7]
  if (minor === 0x31) return 1
  return minor === 0x30 ? 0 : undefined
}

function badTarget(target: string, byte: number): H1Failure {
  if (byte === 0x23) return badRequest(`target ${quoted(target)} has a fragment`)
  return badRequest(`target ${quoted(target)} is empty or followed by byte 0x${byte.toString(16).padStart(2, '0')}`)
}

function badVersion({ base, text }: FieldSection, at: number): H1Failure {
  const line = text.slice(at - base, text.indexOf('\r\n', at - base))
  if (/^HTTP\/[0-9]\.[0-9]$/.test(line))
    return h1Failure('unsupported-version', `version ${line} is not HTTP/1.0 or HTTP/1.1`)
  return badRequest(`the request line ends with ${quoted(line)}, not with a version`)
}

function checkRequest(method: string, target: string, minorVersion: 0 | 1, facts: FieldFacts): H1Failure | undefined {
  const { host } = facts
  if (host === undefined) {
    if (minorVersion === 1) return badRequest('HTTP/1.1 without a Host field')
  } else if (!isAuthority(host)) {
    return badRequest(`Host is ${quoted(host)}, not a host and port`)
  }
  if (facts.isChunked) {
    if (facts.contentLength !== -1) return badRequest('both Content-Length and Transfer-Encoding')
    if (minorVersion === 0) return badRequest('Transfer-Encoding in HTTP/1.0')
  }
  if (method === 'CONNECT' && (facts.isChunked || facts.contentLength > 0)) {
    // What follows a CONNECT is the tunnel's; content has no meaning (RFC 9110 section 9.3.6).
    return badRequest('CONNECT with content')
  }
  return checkTarget(method, target, host)
}

function createHead(method: string, target: string, minorVersion: 0 | 1, facts: FieldFacts): H1RequestHead {
  return {
    method,
    target,
    minorVersion,
    headers: facts.headers,
    host: facts.host ?? authorityOf(target),
    scheme: schemeOf(target) ?? (facts.forwardedProto === 'https' ? 'https' : 'http'),
    bodyLength: facts.isChunked ? CHUNKED : Math.max(facts.contentLength, 0),
    // What comes behind a CONNECT was meant for the tunnel: if that is refused, it must not be read as requests.
    keepAlive: method !== 'CONNECT' && !facts.closes && (minorVersion === 1 || facts.keepsAlive),
    // A 1.0 client knows neither (RFC 9110 sections 7.8 and 10.1.1).
    expectsContinue: facts.expectsContinue && minorVersion === 1,
    upgrade: facts.upgrades && minorVersion === 1 ? facts.upgrade : undefined,
    mayHaveTrace: facts.hasTrace,
  }
}
