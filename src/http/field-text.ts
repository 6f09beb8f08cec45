import { isUtf8 } from 'node:buffer'

/** Bytes beyond ASCII, and nothing that is no byte. */
const HIGH = /[\u0080-\u00ff]/
const NO_BYTE = /[^\u0000-\u00ff]/ // oxlint-disable-line no-control-regex

/**
 * The value of a field for people. In heads each byte is one character (RFC 9110 section 5.5 has no encoding for them); what is UTF-8, as nearly
 * all is that is not ASCII, is read as such, and anything else stays as it is.
 */
export const fieldText = (value: string): string => {
  if (!HIGH.test(value) || NO_BYTE.test(value)) return value
  const bytes = Buffer.from(value, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : value
}

/** The same of one that may be missing. */
export const fieldTextIfAny = (value: string | undefined): string | undefined =>
  value === undefined ? undefined : fieldText(value)
