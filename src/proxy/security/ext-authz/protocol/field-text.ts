import { isUtf8 } from 'node:buffer'

const NOT_ASCII = /[\u0080-\uffff]/

/** A field value as the codecs have it, a character for each byte, as text: what is no UTF-8 stays as it is. */
export const toUtf8 = (value: string): string => {
  if (!NOT_ASCII.test(value)) return value
  const bytes = Buffer.from(value, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : value
}

/** The way back. */
export const fromUtf8 = (text: string): string =>
  NOT_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text
