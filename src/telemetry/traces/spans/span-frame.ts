import type { ProtoWriter } from './proto-writer.ts'

/** What each span has of the same size: who it is, below whom, and when. */
export interface SpanFrame {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | undefined
  /** Milliseconds since the epoch. */
  readonly startMs: number
  readonly endMs: number
  readonly flags: number
}

/** Fields of ids: 1, 2 and 4. */
const TRACE_ID = 1
const SPAN_ID = 2
const PARENT_ID = 4
/** Tags of the others. */
const START = 0x39
const END = 0x41
const FLAGS = 16 * 8 + 5
/** Of all of them. */
const MAX_BYTES = 64
const TWO_16 = 2 ** 16

/** Writes them by as little code as there can be, since who is traced seldom finds none of it in the processor's caches. */
export const writeFrame = (writer: ProtoWriter, frame: SpanFrame): void => {
  const bytes = writer.room(writer.length, MAX_BYTES)
  let at = writer.length
  for (let field = TRACE_ID; field <= PARENT_ID; field *= 2) {
    const id = field === TRACE_ID ? frame.traceId : field === SPAN_ID ? frame.spanId : frame.parentId
    if (id === undefined) continue
    bytes[at] = (field << 3) | 2
    bytes[at + 1] = id.length >> 1
    at = writeHex(bytes, id, at + 2)
  }
  for (let ms = frame.startMs, tag = START; tag <= END; ms = frame.endMs, tag += END - START) {
    bytes[at] = tag
    at = writeNanos(bytes, ms, at + 1)
  }
  bytes[at] = (FLAGS & 0x7f) | 0x80
  bytes[at + 1] = FLAGS >> 7
  writer.room(writeWord(bytes, frame.flags, at + 2), 0)
}

/** Hex digits as bytes. */
export const writeHex = (bytes: Buffer, digits: string, from: number): number => {
  let at = from
  let byte = 0
  for (let i = 0; i < digits.length; i++) {
    const code = digits.charCodeAt(i)
    // A letter has bit 6.
    byte = (byte << 4) | ((code & 0xf) + 9 * (code >> 6))
    if ((i & 1) === 1) bytes[at++] = byte
  }
  return at
}

/** Milliseconds since the epoch as nanoseconds, 64 bits, which are more than a number holds. */
const writeNanos = (bytes: Buffer, ms: number, from: number): number => {
  const seconds = Math.floor(ms / 1000)
  const nanos = Math.min(999_999_999, Math.round((ms - seconds * 1000) * 1e6))
  const lower = (seconds & 0xffff) * 1e9 + nanos
  const upper = (seconds >>> 16) * 1e9 + Math.floor(lower / TWO_16)
  return writeWord(bytes, Math.floor(upper / TWO_16), writeWord(bytes, (upper << 16) | (lower & 0xffff), from))
}

/** 32 bits. */
const writeWord = (bytes: Buffer, word: number, from: number): number => {
  let at = from
  for (let shift = 0; shift < 32; shift += 8) bytes[at++] = word >>> shift
  return at
}
