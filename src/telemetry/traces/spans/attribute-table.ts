import { INT, MAX_SHORT, ProtoWriter, sizeOf, STRING, VALUE, writeVarint } from './proto-writer.ts'

/** What an attribute has: a text, or a whole number; `undefined`: there is no such attribute. */
export type TableValue = string | number | undefined

/** A name, or that the text before it goes on. */
export type TableName = string | undefined

/** What is written beside keys and values. */
const MOST_HEADS = 32

/**
 * Attributes that always come in one order. One exchange of a hundred is traced, and finds neither code nor memory in the caches of
 * the processor: so what is known of them before lies in one piece, and one small loop writes them.
 */
export class AttributeTable {
  /** What each begins with, up to where its value does, one behind the other and behind the length of it; 0 where a text goes on. */
  readonly #keys: Buffer

  constructor(field: number, names: readonly TableName[]) {
    const keys = names.map((name) => (name === undefined ? Buffer.alloc(0) : keyOf(field, name)))
    this.#keys = Buffer.concat(keys.flatMap((key) => [Buffer.of(key.length), key]))
  }

  /** Writes those that have values; of a text in pieces all are to be there. */
  write(writer: ProtoWriter, values: readonly TableValue[]): void {
    const keys = this.#keys
    let at = writer.length
    let start = at
    let first = at
    let k = 0
    for (let i = 0; i < values.length; i++) {
      const value = values[i]
      const end = k + 1 + (keys[k] ?? 0)
      if (value === undefined) {
        k = end
        continue
      }
      const bytes = writer.room(at, MOST_HEADS + keys.length + (typeof value === 'string' ? value.length * 3 : 0))
      if (++k < end) {
        start = at
        while (k < end) bytes[at++] = keys[k++] ?? 0
        first = at
      }
      if (typeof value === 'string') at = writeText(bytes, value, at)
      else {
        bytes[first - 2] = INT
        at = writeVarint(bytes, value, first - 1)
      }
      // Before the last piece of a text nobody knows how long it gets.
      if (keys[end] !== 0) at = writeLengths(bytes, { start, first, end: at })
    }
    writer.room(at, 0)
  }
}

/** A `KeyValue` without what is known with its value: three lengths, and what the value is. */
const keyOf = (field: number, name: string): Buffer => {
  const writer = new ProtoWriter(Buffer.allocUnsafeSlow(128))
  writer.head(field, 0)
  writer.text(1, name)
  writer.head(VALUE >> 3, 0)
  writer.head(STRING >> 3, 0)
  return writer.copy()
}

/** Where a `KeyValue` begins, its text does, and both end. */
interface Written {
  readonly start: number
  readonly first: number
  readonly end: number
}

const writeLengths = (bytes: Buffer, { start, first, end }: Written): number => {
  const whole = end - start - 2
  if (whole > 0x7f) return makeRoom(bytes, { start, first, end })
  bytes[start + 1] = whole
  bytes[first - 3] = end - first + 2
  if (bytes[first - 2] === STRING) bytes[first - 1] = end - first
  return end
}

/** Of a longer one each length may take two bytes or more, which moves what is behind it; where it ends then. */
const makeRoom = (bytes: Buffer, { start, first, end }: Written): number => {
  const text = end - first
  const key = first - 4 - (start + 2)
  const any = 1 + sizeOf(text) + text
  const whole = key + 1 + sizeOf(any) + any
  const keyAt = start + 1 + sizeOf(whole)
  const anyAt = keyAt + key
  const textAt = anyAt + 1 + sizeOf(any) + 1 + sizeOf(text)
  bytes.copyWithin(textAt, first, end)
  bytes.copyWithin(keyAt, start + 2, first - 4)
  writeVarint(bytes, whole, start + 1)
  bytes[anyAt] = VALUE
  const stringAt = writeVarint(bytes, any, anyAt + 1)
  bytes[stringAt] = STRING
  writeVarint(bytes, text, stringAt + 1)
  return textAt + text
}

/** Where the text ends. */
const writeText = (bytes: Buffer, text: string, from: number): number => {
  const { length } = text
  let at = from
  let all = 0
  for (let i = 0; i < length && i < MAX_SHORT; i++) {
    const code = text.charCodeAt(i)
    all |= code
    bytes[at++] = code
  }
  return all > 0x7f || length > MAX_SHORT ? from + bytes.write(text, from, 'utf8') : at
}
