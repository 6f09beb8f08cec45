import { SPAN_ATTRIBUTES } from './encoded.ts'
import type { Tags } from './peer-tags.ts'
import type { ProtoWriter } from './proto-writer.ts'

/** A span being written has these kinds of fields (protobuf's wire types): a number, 64 bits, a length with bytes, 32 bits. */
const VARINT = 0
const FIXED64 = 1
const LENGTH = 2
/** The name in a `KeyValue`, which is its first field. */
const KEY = (1 << 3) | LENGTH

/** A number as protobuf writes it, and where it ends. */
const readVarint = (bytes: Buffer, from: number): { readonly value: number; readonly end: number } => {
  let value = 0
  let at = from
  for (let shift = 1; ; shift *= 0x80) {
    const byte = bytes[at++] ?? 0
    value += (byte & 0x7f) * shift
    if (byte < 0x80) return { value, end: at }
  }
}

/** Where a field of that kind ends whose tag ends at `at`. */
const endOf = (bytes: Buffer, wire: number, at: number): number => {
  if (wire === VARINT) return readVarint(bytes, at).end
  if (wire === FIXED64) return at + 8
  if (wire !== LENGTH) return at + 4
  const { value, end } = readVarint(bytes, at)
  return end + value
}

/**
 * Takes out of the span that is being written, from `from` on, the attributes that `tags` has too: their names are to be there once,
 * and what a policy says of them counts (opentelemetry/proto/trace/v1: keys must be unique).
 */
export const dropAttributes = (writer: ProtoWriter, from: number, tags: Tags): void => {
  const end = writer.length
  const bytes = writer.room(end, 0)
  let to = from
  for (let at = from; at < end;) {
    const tag = readVarint(bytes, at)
    const next = endOf(bytes, tag.value & 7, tag.end)
    if (!(tag.value >> 3 === SPAN_ATTRIBUTES && Object.hasOwn(tags, nameOf(bytes, tag.end)))) {
      bytes.copyWithin(to, at, next)
      to += next - at
    }
    at = next
  }
  writer.reset(to)
}

const nameOf = (bytes: Buffer, at: number): string => {
  const { end } = readVarint(bytes, at)
  if (bytes[end] !== KEY) return ''
  const name = readVarint(bytes, end + 1)
  return bytes.toString('utf8', name.end, name.end + name.value)
}
