const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/

/**
 * Whether any version of HTTP may write `text` as a value (RFC 9110 section 5.5). Nothing beyond 0xff: written as one byte,
 * U+010A would become a line feed.
 */
export function isFieldValue(text: string): boolean {
  return !NOT_IN_VALUE.test(text)
}
