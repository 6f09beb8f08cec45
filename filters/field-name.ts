import { schema } from 'fairway/filter'
import type { Schema } from 'fairway/filter'

/** A token (RFC 9110 section 5.6.2), which names of headers and cookies are; `what` it is, for messages. */
export const token = (what: string): Schema<string> =>
  schema.string({ minLength: 1, maxLength: 256, pattern: /[A-Za-z0-9!#$%&'*+\-.^_`|~]+/, describe: what })

/** The name of any header. */
export const fieldName = token('an HTTP header name')
