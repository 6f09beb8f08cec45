/** Room for a span in the middle of things; more is made when it is needed. */
const INITIAL_BYTES = 64 * 1024

/**
 * Writes protobuf into memory that is used again and again. OpenTelemetry's own serializer goes over everything twice and
 * asks each attribute what it is, which took four times as long.
 */
export class ProtoWriter {
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  #at = 0
  /** Beginnings of attributes by name. */
  readonly #names = new Map<string, Buffer>()

  get length(): number {
    return this.#at
  }

  reset(): void {
    this.#at = 0
  }

  /** A copy of what was written. */
  copy(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#at))
  }

  /** What was written; it is overwritten after the next `reset`. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** A field of bytes, or a message. */
  bytes(field: number, bytes: Uint8Array): void {
    this.#head(field, 2)
    this.#varint(bytes.length)
    this.raw(bytes)
  }

  /** A field of bytes that are hex digits. */
  hex(field: number, digits: string): void {
    const length = digits.length >> 1
    this.#head(field, 2)
    this.#varint(length)
    this.#reserve(length)
    this.#bytes.write(digits, this.#at, 'hex')
    this.#at += length
  }

  text(field: number, text: string): void {
    this.#head(field, 2)
    this.#text(text)
  }

  uint(field: number, value: number): void {
    this.#head(field, 0)
    this.#varint(value)
  }

  fixed32(field: number, value: number): void {
    this.#head(field, 5)
    this.#reserve(4)
    this.#at = this.#bytes.writeUInt32LE(value, this.#at)
  }

  /** Milliseconds since the epoch as nanoseconds. */
  time(field: number, ms: number): void {
    this.#head(field, 1)
    this.#reserve(8)
    const whole = Math.floor(ms)
    const nanos = Math.min(999_999, Math.round((ms - whole) * 1e6))
    this.#at = this.#bytes.writeBigUInt64LE(BigInt(whole) * 1_000_000n + BigInt(nanos), this.#at)
  }

  /** A `KeyValue` as a field; integers, as all numbers here are. */
  attribute(field: number, name: string, value: string | number | boolean): void {
    const key = this.#keyOf(name)
    if (typeof value === 'string') {
      const length = Buffer.byteLength(value)
      const any = 1 + sizeOf(length) + length
      this.#beginAttribute(field, key, any)
      this.#byte(0x0a)
      this.#varint(length)
      this.#write(value, length)
      return
    }
    const number = Math.max(0, Math.round(Number(value)))
    this.#beginAttribute(field, key, 1 + sizeOf(number))
    this.#byte(typeof value === 'boolean' ? 0x10 : 0x18)
    this.#varint(number)
  }

  #beginAttribute(field: number, key: Buffer, any: number): void {
    this.#head(field, 2)
    this.#varint(key.length + 1 + sizeOf(any) + any)
    this.raw(key)
    this.#byte(0x12)
    this.#varint(any)
  }

  #keyOf(name: string): Buffer {
    const known = this.#names.get(name)
    if (known !== undefined) return known
    const text = Buffer.from(name)
    const writer = Buffer.concat([Buffer.from([0x0a]), varintOf(text.length), text])
    // Names are ours, but for those of custom tags, which a configuration has.
    if (this.#names.size < MAX_NAMES) this.#names.set(name, writer)
    return writer
  }

  #text(text: string): void {
    const length = Buffer.byteLength(text)
    this.#varint(length)
    this.#write(text, length)
  }

  #write(text: string, length: number): void {
    this.#reserve(length)
    this.#bytes.write(text, this.#at, length, 'utf8')
    this.#at += length
  }

  #head(field: number, wire: number): void {
    this.#varint((field << 3) | wire)
  }

  #byte(byte: number): void {
    this.#reserve(1)
    this.#bytes[this.#at++] = byte
  }

  /** Whole numbers up to 2^53. */
  #varint(value: number): void {
    this.#reserve(MAX_VARINT)
    const bytes = this.#bytes
    let at = this.#at
    let rest = value
    while (rest > 0x7f) {
      bytes[at++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    bytes[at++] = rest
    this.#at = at
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + length))
    larger.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = larger
  }
}

const MAX_VARINT = 10
const MAX_NAMES = 1000

const sizeOf = (value: number): number => {
  let size = 1
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) size++
  return size
}

const varintOf = (value: number): Buffer => {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  return Buffer.from([...bytes, rest])
}
