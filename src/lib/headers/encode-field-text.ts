// oxlint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x1f\x7f]/
const ASCII = /^[\x20-\x7e]*$/

/**
 * A text of others as the value of a header, in UTF-8 like Envoy's, each byte a character; `undefined` for one with control
 * characters: whoever may choose it must not write headers with it.
 */
export const encodeFieldText = (text: string): string | undefined => {
  if (CONTROL.test(text)) return undefined
  return ASCII.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}
