import * as s from '../../lib/schema.ts'

/** A token (RFC 9110 section 5.6.2), which names of headers and cookies are; `what` it is, for messages. */
export const token = (what: string, maxLength = 256): s.Schema<string> =>
  s.string({ maxLength, pattern: /[A-Za-z0-9!#$%&'*+\-.^_`|~]+/, describe: what })

/** The name of any header. */
export const fieldName = token('an HTTP header name')
