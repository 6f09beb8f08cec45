/** What the heads of messages say about compressing a body, and what they have to say when it is done. */
import type { HeaderList } from 'fairway/filter'
import { forgetBytes, weakenTag } from '../representation/changed-bytes.ts'
import { mediaTypeOf } from '../representation/media-range.ts'
import type { Coding } from './choose-coding.ts'

/** Whether a message must not be changed on its way (RFC 9110 section 7.7, RFC 9111 sections 5.2.1.6 and 5.2.2.6). */
export const forbidsTransform = (headers: HeaderList): boolean => {
  const cacheControl = headers.get('cache-control')
  return cacheControl !== undefined && /(?:^|,)\s*no-transform\s*(?:,|$)/i.test(cacheControl)
}

/** Statuses whose bodies are no representation of their own, or that have none. */
const NEVER = new Set([101, 204, 205, 206, 304])

/** Whether a response of such a type could be compressed; which clients want that is another question. */
export const isCompressible = (
  { status, headers }: { readonly status: number; readonly headers: HeaderList },
  {
    isOfType,
    minContentLength,
  }: { readonly isOfType: (mediaType: string) => boolean; readonly minContentLength: number },
): boolean => {
  if (NEVER.has(status) || headers.has('content-range')) return false
  const coding = headers.get('content-encoding')
  if (coding !== undefined && coding.toLowerCase() !== 'identity') return false
  const length = headers.get('content-length')
  if (length !== undefined && Number(length) < minContentLength) return false
  return isOfType(mediaTypeOf(headers.get('content-type'))) && !forbidsTransform(headers)
}

/** That another client may get something else (RFC 9110 section 12.5.5). */
export const varyByEncoding = (headers: HeaderList): void => {
  const vary = headers.get('vary')
  if (vary === undefined) headers.set('vary', 'Accept-Encoding')
  else if (!/(?:^|,)\s*(?:\*|accept-encoding)\s*(?:,|$)/i.test(vary)) headers.set('vary', `${vary}, Accept-Encoding`)
}

/** The head of a response whose body is compressed. */
export const markEncoded = (headers: HeaderList, coding: Coding): void => {
  headers.set('content-encoding', coding)
  weakenTag(headers)
  forgetBytes(headers)
}
