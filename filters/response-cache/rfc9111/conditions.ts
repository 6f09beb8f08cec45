/** What clients make their requests depend on (RFC 9110 section 13), as far as it is a cache's to answer. */
import type { Fields } from './fields.ts'
import { readDate } from './freshness.ts'

/** A stored response as conditions see it. */
export interface Validated {
  readonly status: number
  readonly etag: string | undefined
  readonly lastModified: string | undefined
  readonly date: string | undefined
}

/** Conditions that only the origin can answer, and those of a part. */
export const isForOrigin = (headers: Fields): boolean => headers.has('if-match') || headers.has('if-unmodified-since')

const TAG = /^[\t ]*((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[\t ]*(?:,|$)/

/** Whether the client has it already: a 304 will do. */
export const isKnown = (headers: Fields, { status, etag, lastModified, date }: Validated): boolean => {
  if (status !== 200) return false
  const tags = headers.get('if-none-match')
  if (tags !== undefined) return tags.trim() === '*' || (etag !== undefined && listsTag(tags, etag))
  const sinceMs = readDate(headers.get('if-modified-since'))
  if (sinceMs === undefined) return false
  const changedMs = readDate(lastModified) ?? readDate(date)
  return changedMs !== undefined && changedMs <= sinceMs
}

/** Whether two tags are of the same, for all that matters to who reads it (RFC 9110 section 8.8.3.2, weak comparison). */
export const isSameTag = (a: string, b: string): boolean => a.replace(/^W\//, '') === b.replace(/^W\//, '')

const listsTag = (list: string, etag: string): boolean => {
  let rest = list
  while (rest !== '') {
    const match = TAG.exec(rest)
    if (match === null) return false
    if (isSameTag(match[1] ?? '', etag)) return true
    rest = rest.slice(match[0].length)
  }
  return false
}
