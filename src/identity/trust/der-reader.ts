/**
 * Reads the few ASN.1 shapes of a revocation list, and of certificates that OpenSSL has read before, in DER (ITU-T X.690).
 * It takes definite lengths in their shortest form only, and never reads behind the end of what it was given.
 */

/** One element: where its contents are in the bytes that it was read from. */
export interface DerElement {
  readonly tag: number
  /** Where its tag stands. */
  readonly from: number
  readonly start: number
  readonly end: number
}

/** What is wrong with the bytes; caught where they came from. */
export class DerError extends Error {}

export const SEQUENCE = 0x30
export const INTEGER = 0x02
export const BIT_STRING = 0x03
export const OCTET_STRING = 0x04
export const OBJECT_IDENTIFIER = 0x06
export const BOOLEAN = 0x01
export const UTC_TIME = 0x17
export const GENERALIZED_TIME = 0x18

/** Elements one after the other, between two places of the bytes. */
export class DerReader {
  readonly bytes: Buffer
  #at: number
  readonly #end: number

  constructor(bytes: Buffer, within: Pick<DerElement, 'start' | 'end'> = { start: 0, end: bytes.length }) {
    this.bytes = bytes
    this.#at = within.start
    this.#end = within.end
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end
  }

  /** The tag of the next element, -1 at the end. */
  get nextTag(): number {
    return this.isAtEnd ? -1 : (this.bytes[this.#at] ?? -1)
  }

  /** The next element, which must have that tag. */
  read(tag: number): DerElement {
    if (this.nextTag !== tag) throw new DerError(`expected tag ${tag} and found ${this.nextTag}`)
    return this.next()
  }

  /** The next element if it has that tag. */
  readIf(tag: number): DerElement | undefined {
    return this.nextTag === tag ? this.next() : undefined
  }

  next(): DerElement {
    const from = this.#at
    const tag = this.#byte()
    // Tags above 30 take more bytes; nothing that is read here has one.
    if ((tag & 0x1f) === 0x1f) throw new DerError('a tag of several bytes')
    const length = this.#length()
    const start = this.#at
    const end = start + length
    if (end > this.#end) throw new DerError('an element is longer than what it stands in')
    this.#at = end
    return { tag, from, start, end }
  }

  #length(): number {
    const first = this.#byte()
    if (first < 0x80) return first
    const count = first & 0x7f
    if (count === 0 || count > 4) throw new DerError('a length that is indefinite or too long')
    let length = 0
    for (let i = 0; i < count; i++) length = length * 256 + this.#byte()
    if (length < 0x80 || length < 256 ** (count - 1)) throw new DerError('a length that is not in its shortest form')
    return length
  }

  #byte(): number {
    const byte = this.#at < this.#end ? this.bytes[this.#at++] : undefined
    if (byte === undefined) throw new DerError('the bytes end in the middle of an element')
    return byte
  }
}

/** An object identifier in its dotted form. */
export const readObjectIdentifier = (bytes: Buffer, { start, end }: DerElement): string => {
  const parts: number[] = []
  let value = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0
    value = value * 128 + (byte & 0x7f)
    if ((byte & 0x80) !== 0) continue
    parts.push(value)
    value = 0
  }
  const [first = 0, ...rest] = parts
  const root = Math.min(2, Math.floor(first / 40))
  return [root, first - root * 40, ...rest].join('.')
}

/**
 * UTCTime or GeneralizedTime in milliseconds since the epoch, in the only form that RFC 5280 allows (`…Z`). Digits are
 * read one by one: a list has as many times as it has entries.
 */
export const readTime = (bytes: Buffer, { tag, start, end }: DerElement): number => {
  const yearDigits = tag === UTC_TIME ? 2 : 4
  const isForm = (tag === UTC_TIME || tag === GENERALIZED_TIME) && end - start === yearDigits + 11
  if (!isForm || bytes[end - 1] !== LETTER_Z) throw new DerError(NO_TIME)
  const digits = readDigits(bytes, start, yearDigits)
  // Two digits are of the years 1950 to 2049 (RFC 5280 section 4.1.2.5.1).
  const year = tag === GENERALIZED_TIME ? digits : digits < 50 ? 2000 + digits : 1900 + digits
  const at = start + yearDigits
  const month = readDigits(bytes, at, 2)
  const day = readDigits(bytes, at + 2, 2)
  const hour = readDigits(bytes, at + 4, 2)
  const minute = readDigits(bytes, at + 6, 2)
  const second = readDigits(bytes, at + 8, 2)
  const isPossible = year >= 100 && month >= 1 && month <= 12 && day >= 1 && hour <= 23 && minute <= 59 && second <= 59
  // The day before the first of the next month is the last one.
  const lastDay = day <= 28 ? day : new Date(Date.UTC(year, month, 0)).getUTCDate()
  if (!isPossible || day > lastDay) throw new DerError(NO_TIME)
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

const NO_TIME = 'a time that is none'
const LETTER_Z = 0x5a
const DIGIT_0 = 0x30

const readDigits = (bytes: Buffer, start: number, count: number): number => {
  let value = 0
  for (let at = start; at < start + count; at++) {
    const digit = (bytes[at] ?? 0) - DIGIT_0
    if (digit < 0 || digit > 9) throw new DerError(NO_TIME)
    value = value * 10 + digit
  }
  return value
}
