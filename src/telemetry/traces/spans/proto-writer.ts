/** Room for a span in the middle of things; more is made when it is needed. */
const INITIAL_BYTES = 16 * 1024
/** A text up to there is written character by character, which for most is faster than a call into Node. */
export const MAX_SHORT = 100
/** Tags of `KeyValue.value`, and of `AnyValue`'s `string_value`, `bool_value` and `int_value`. */
export const VALUE = 0x12
export const STRING = 0x0a
const BOOL = 0x10
export const INT = 0x18

/**
 * Writes protobuf into memory that is used again and again. OpenTelemetry's own serializer goes over everything twice and
 * asks each attribute what it is, which took four times as long. Fields up to 15, of which a tag is one byte.
 */
export class ProtoWriter {
  #bytes: Buffer
  #at = 0
  /** Beginnings of attributes by name. */
  readonly #names = new Map<string, Buffer>()

  constructor(bytes: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)) {
    this.#bytes = bytes
  }

  get length(): number {
    return this.#at
  }

  /** Begins again, behind `at` bytes that are left for what is not known yet; into other memory, if that is given. */
  reset(at = 0, bytes: Buffer = this.#bytes): void {
    this.#bytes = bytes
    this.#at = at
  }

  /** A copy of what was written. */
  copy(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#at))
  }

  /** What was written, from `from` on; it is overwritten after the next `reset`. */
  view(from = 0): Buffer {
    return this.#bytes.subarray(from, this.#at)
  }

  /** Its memory, written up to `at`, with room for so many bytes more. */
  room(at: number, bytes: number): Buffer {
    this.#at = at
    this.#reserve(bytes)
    return this.#bytes
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** Writes over what is there, from `at` on. */
  putBack(bytes: Uint8Array, at: number): void {
    this.#bytes.set(bytes, at)
  }

  /** A field of bytes, or a message. */
  bytes(field: number, bytes: Uint8Array): void {
    this.head(field, bytes.length)
    this.raw(bytes)
  }

  /** Begins a message of which nobody knows how long it gets; the result is for `close`. */
  open(field: number): number {
    this.#reserve(1 + OPEN_BYTES)
    this.#bytes[this.#at] = (field << 3) | 2
    this.#at += 1 + OPEN_BYTES
    return this.#at
  }

  /** Ends a message that began there; something may be behind it. */
  close(start: number, end = this.#at): void {
    const length = end - start
    if (length < 0x80 || length > 0x3fff) return this.#closeOther(start, length)
    this.#bytes[start - 2] = (length & 0x7f) | 0x80
    this.#bytes[start - 1] = length >> 7
  }

  #closeOther(start: number, length: number): void {
    this.#reserve(MAX_VARINT)
    const at = start - OPEN_BYTES
    this.#bytes.copyWithin(at + sizeOf(length), start, this.#at)
    this.#at += writeVarint(this.#bytes, length, at) - start
  }

  /** The beginning of a field of so many bytes, which are still to come. */
  head(field: number, length: number): void {
    this.#tag(field, 2)
    this.#varint(length)
  }

  text(field: number, text: string): void {
    this.#tag(field, 2)
    if (this.#short(text)) return
    const length = Buffer.byteLength(text)
    this.#varint(length)
    this.#write(text, length)
  }

  uint(field: number, value: number): void {
    this.#tag(field, 0)
    this.#varint(value)
  }

  fixed32(field: number, value: number): void {
    this.#tag(field, 5)
    this.#reserve(4)
    this.#at = this.#bytes.writeUInt32LE(value, this.#at)
  }

  /** A `KeyValue` as a field; integers, as all numbers here are. */
  attribute(field: number, name: string, value: string | number | boolean): void {
    const key = this.#keyOf(name)
    if (typeof value !== 'string') {
      const number = Math.max(0, Math.round(Number(value)))
      this.#beginAttribute(field, key, 1 + sizeOf(number))
      this.#byte(typeof value === 'boolean' ? BOOL : INT)
      return this.#varint(number)
    }
    const start = this.#at
    if (value.length <= MAX_SHORT) {
      this.#beginAttribute(field, key, 2 + value.length)
      this.#byte(STRING)
      if (this.#short(value)) return
      this.#at = start
    }
    const length = Buffer.byteLength(value)
    this.#beginAttribute(field, key, 1 + sizeOf(length) + length)
    this.#byte(STRING)
    this.#varint(length)
    this.#write(value, length)
  }

  #beginAttribute(field: number, key: Buffer, any: number): void {
    this.head(field, key.length + 1 + sizeOf(any) + any)
    this.raw(key)
    this.#byte(VALUE)
    this.#varint(any)
  }

  #keyOf(name: string): Buffer {
    const known = this.#names.get(name)
    if (known !== undefined) return known
    const writer = new ProtoWriter(Buffer.allocUnsafeSlow(NAME_BYTES))
    writer.text(1, name)
    const key = writer.copy()
    // Names are ours, but for those of custom tags, which a configuration has.
    if (this.#names.size < MAX_NAMES) this.#names.set(name, key)
    return key
  }

  /** Length and characters of a short text of ASCII; false for others, of which nothing is written. */
  #short(text: string): boolean {
    const { length } = text
    if (length > MAX_SHORT) return false
    this.#reserve(length + 1)
    const bytes = this.#bytes
    let at = this.#at
    bytes[at++] = length
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) return false
      bytes[at++] = code
    }
    this.#at = at
    return true
  }

  #write(text: string, length: number): void {
    this.#reserve(length)
    this.#bytes.write(text, this.#at, length, 'utf8')
    this.#at += length
  }

  #tag(field: number, wire: number): void {
    this.#byte((field << 3) | wire)
  }

  #byte(byte: number): void {
    this.#reserve(1)
    this.#bytes[this.#at++] = byte
  }

  #varint(value: number): void {
    this.#reserve(MAX_VARINT)
    this.#at = writeVarint(this.#bytes, value, this.#at)
  }

  #reserve(length: number): void {
    if (this.#at + length > this.#bytes.length) this.#grow(length)
  }

  #grow(length: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + length))
    larger.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = larger
  }
}

const MAX_VARINT = 10
/** The length of a message that is larger than 127 bytes and smaller than 16 KB, as nearly all are. */
const OPEN_BYTES = 2
const MAX_NAMES = 1000
/** Of a name, mostly. */
const NAME_BYTES = 128

/** A whole number up to 2^53; where it ends. */
export const writeVarint = (bytes: Buffer, value: number, from: number): number => {
  let at = from
  let rest = value
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  bytes[at++] = rest
  return at
}

/** How many bytes such a number takes. */
export const sizeOf = (value: number): number => {
  let size = 1
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) size++
  return size
}
