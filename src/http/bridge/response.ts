/**
 * Responses from one version of HTTP to the other, as values, under the same promise as requests.
 * A 101 is refused both ways: HTTP/2 has no such answer (RFC 9113 section 8.6).
 */
import { type H1ResponseFraming, type H1StatusLine, announcedLength } from '../h1/encode.ts'
import { CHUNKED } from '../h1/message.ts'
import { isBodiless } from '../h1/response-head.ts'
import { checkResponseFields, readContentLength } from '../h2/fields.ts'
import type { HeaderList } from '../header-list.ts'
import { type BridgeFailure, unbridgeable } from './failure.ts'
import { addH2Fields, isBodyLength, toH1Fields } from './regular-fields.ts'

/** What `encodeResponseHead` takes. */
export interface H1Response {
  readonly line: H1StatusLine
  /** Without fields of a connection. */
  readonly headers: HeaderList
  readonly framing: H1ResponseFraming
}

/** The request that a response answers, and whether the head is all there is of it. */
export interface ResponseContext {
  readonly method: string
  readonly isEnd: boolean
}

/** An HTTP/2 response head, interim ones included, as HTTP/1.1. A body of unknown length goes out chunked. */
export const responseToH1 = (fields: readonly string[], context: ResponseContext): H1Response | BridgeFailure => {
  const wrong = checkResponseFields(fields)
  return wrong === undefined ? checkedResponseToH1(fields, context) : unbridgeable(wrong)
}

/** The same for fields that `checkResponseFields` let pass, as an HTTP/2 receiver's have. */
export const checkedResponseToH1 = (
  fields: readonly string[],
  context: ResponseContext,
): H1Response | BridgeFailure => {
  const status = Number(fields[1])
  const { method, isEnd } = context
  if (status === 101) return unbridgeable('status 101')
  if (status < 200 && isEnd) return unbridgeable(`status ${status}, which ends nothing, at the end`)
  const length = readContentLength(fields)
  if (length < -1) return unbridgeable('a content-length that is none, or two that differ')
  const hasNoBody = isBodiless(method, status)
  const mayAnnounce = !hasNoBody || mayAnnounceMore(status, method)
  if (length > 0 && !mayAnnounce) return unbridgeable(`content-length ${length} in a ${status}`)
  if (length > 0 && isEnd && !hasNoBody) return unbridgeable(`content-length ${length} without content`)
  const bodyLength = hasNoBody || isEnd ? 0 : length === -1 ? CHUNKED : length
  return { line: { status }, headers: toH1Fields(fields, length), framing: { bodyLength, method } }
}

/** An HTTP/1.1 response head, interim ones included, as HTTP/2 fields. `bodyLength` is that of the head. */
export const responseToH2 = (
  line: H1StatusLine,
  headers: HeaderList,
  framing: { readonly bodyLength: number; readonly method: string },
): string[] | BridgeFailure => {
  const { status } = line
  const { method, bodyLength } = framing
  if (status === 101) return unbridgeable('status 101')
  const fields = [':status', String(status)]
  const wrong = checkResponseFields(fields) ?? addH2Fields(fields, headers)
  if (wrong !== undefined) return unbridgeable(wrong)
  if (!isBodyLength(bodyLength)) return unbridgeable(`a body of ${bodyLength} bytes`)
  if (!isBodiless(method, status)) {
    if (bodyLength >= 0) fields.push('content-length', String(bodyLength))
  } else if (mayAnnounceMore(status, method)) {
    const announced = announcedLength(headers)
    if (announced !== undefined) fields.push('content-length', announced)
  }
  return fields
}

/** These name the length of a body that they do not have (RFC 9110 section 8.6). */
const mayAnnounceMore = (status: number, method: string): boolean =>
  status === 304 || (method === 'HEAD' && status >= 200 && status !== 204)
