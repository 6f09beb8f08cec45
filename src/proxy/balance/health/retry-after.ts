import type { HeaderList } from '../../../http/header-list.ts'

/** Whoever asks for more gets this much. */
const MOST_MS = 60_000

/**
 * How long an answer 429 or 503 asks to be left alone, in milliseconds: `Retry-After` in seconds or as a date (RFC 9110
 * section 10.2.3), at most a minute. 0 when it does not, or says nothing that can be read.
 */
export const retryAfterMs = (headers: HeaderList, nowEpochMs: number): number => {
  const value = headers.getLower('retry-after')
  if (value === undefined) return 0
  if (/^[0-9]{1,9}$/.test(value)) return Math.min(Number(value) * 1000, MOST_MS)
  // All three forms of a date begin with the name of a day; `Date.parse` would take far more than these.
  const dateMs = /^[A-Z][a-z]{2,8},? /.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(dateMs) ? 0 : Math.max(0, Math.min(dateMs - nowEpochMs, MOST_MS))
}

/** Whether a gRPC call asks for that: what to look for where nothing else is worth a look. */
export const asksForRest = (fields: HeaderList): boolean => fields.hasLower(PUSHBACK)

const PUSHBACK = 'grpc-retry-pushback-ms'

/**
 * The same of a gRPC call that failed (`grpc-retry-pushback-ms`, gRFC A6). A value below 0 asks not to be tried again by
 * this client, and says nothing of others.
 */
export const pushbackMs = (fields: HeaderList): number => {
  const value = fields.getLower(PUSHBACK)
  return value !== undefined && /^[0-9]{1,9}$/.test(value) ? Math.min(Number(value), MOST_MS) : 0
}
