/**
 * The few ASN.1 shapes that a certificate is written with, in DER (ITU-T X.690). Writing only: certificates of others
 * are read by OpenSSL, never by us.
 */

/** One element: tag, definite length, contents. */
export const der = (tag: number, ...contents: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(contents)
  if (body.length < 0x80) return Buffer.concat([Buffer.of(tag, body.length), body])
  const length: number[] = []
  for (let rest = body.length; rest > 0; rest >>>= 8) length.unshift(rest & 0xff)
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length, ...length), body])
}

export const sequence = (...items: readonly Uint8Array[]): Buffer => der(0x30, ...items)

export const set = (...items: readonly Uint8Array[]): Buffer => der(0x31, ...items)

export const boolean = (value: boolean): Buffer => der(0x01, Buffer.of(value ? 0xff : 0))

/** A non-negative integer from its big-endian bytes; DER wants the shortest form with the sign bit clear. */
export const integer = (bytes: Uint8Array): Buffer => {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const body = bytes.subarray(start)
  return ((body[0] ?? 0) & 0x80) === 0 ? der(0x02, body) : der(0x02, Buffer.of(0), body)
}

export const octetString = (bytes: Uint8Array): Buffer => der(0x04, bytes)

/** Bits from whole bytes, the last `unusedBits` of which do not count. */
export const bitString = (bytes: Uint8Array, unusedBits = 0): Buffer => der(0x03, Buffer.of(unusedBits), bytes)

export const utf8String = (text: string): Buffer => der(0x0c, Buffer.from(text, 'utf8'))

/** An object identifier in its dotted form: `2.5.29.17`. */
export const objectIdentifier = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return der(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)))
}

/** A time of a certificate: UTCTime until 2049, GeneralizedTime after (RFC 5280 section 4.1.2.5). Whole seconds. */
export const time = (ms: number): Buffer => {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '')
  const isShort = new Date(ms).getUTCFullYear() < 2050
  return isShort ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits))
}

const base128 = (value: number): number[] => {
  const bytes = [value & 0x7f]
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift((rest & 0x7f) | 0x80)
  return bytes
}
