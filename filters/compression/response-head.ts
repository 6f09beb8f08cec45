/** What the heads of messages say about compressing a body, and what they have to say when it is done. */
import type { HeaderList } from 'fairway/filter'
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

/** `text/html` of `Text/HTML; charset=utf-8`. */
export const mediaTypeOf = (contentType: string | undefined): string =>
  contentType === undefined ? '' : (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()

/** Makes what says whether a media type is one of `patterns`: exactly, any below `text/*`, or with the suffix of `application/*+json`. */
export const createTypeMatcher = (patterns: readonly string[]): ((mediaType: string) => boolean) => {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')))
  const wild = patterns
    .filter((pattern) => pattern.includes('*'))
    .map((pattern) => pattern.split('*'))
    .map(([prefix = '', suffix = '']) => ({ prefix, suffix }))
  return (mediaType) =>
    exact.has(mediaType) ||
    wild.some(({ prefix, suffix }) => mediaType.startsWith(prefix) && mediaType.endsWith(suffix))
}

/** That another client may get something else (RFC 9110 section 12.5.5). */
export const varyByEncoding = (headers: HeaderList): void => {
  const vary = headers.get('vary')
  if (vary === undefined) headers.set('vary', 'Accept-Encoding')
  else if (!/(?:^|,)\s*(?:\*|accept-encoding)\s*(?:,|$)/i.test(vary)) headers.set('vary', `${vary}, Accept-Encoding`)
}

/** What is the same after compressing is so in meaning only, not byte by byte (RFC 9110 section 8.8.1). */
export const weakenTag = (headers: HeaderList): void => {
  const tag = headers.get('etag')
  if (tag !== undefined && tag.startsWith('"')) headers.set('etag', `W/${tag}`)
}

/** Parts and checksums of what the backend sent are none of what goes out. */
const OF_THE_BYTES = ['accept-ranges', 'content-md5', 'content-digest', 'repr-digest', 'digest']

/** The head of a response whose body is compressed. */
export const markEncoded = (headers: HeaderList, coding: Coding): void => {
  headers.set('content-encoding', coding)
  weakenTag(headers)
  for (const name of OF_THE_BYTES) headers.remove(name)
}
