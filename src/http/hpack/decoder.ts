/**
 * Header blocks of HTTP/2 into field lists (RFC 7541). One decoder belongs to one connection, since its table is
 * the memory of all blocks before. Here stand only the compression's own rules: whether a name or value is allowed
 * in HTTP is the codec's question, and sockets and frames are unknown.
 */
import { DynamicTable, ENTRY_OVERHEAD_BYTES } from './dynamic-table.ts'
import { decodeHuffman, huffmanDecodedBound } from './huffman.ts'
import { MAX_NEVER_INDEXED_NAMES, isSensitiveName } from './sensitive.ts'
import { STATIC_ENTRIES, STATIC_NAMES, STATIC_VALUES } from './static-table.ts'

/** SETTINGS_HEADER_TABLE_SIZE before any SETTINGS frame (RFC 9113 section 6.5.2). */
export const DEFAULT_TABLE_BYTES = 4096
const DEFAULT_LIST_BYTES = 64 * 1024
const NO_NAMES: readonly string[] = []
/** However often a table was resized between two blocks: the smallest size, and the last (RFC 7541 section 4.2). */
const MAX_SIZE_UPDATES = 2
/** Integers with more continuation bytes than this (28 bits, far beyond any sensible frame) are refused. */
const MAX_CONTINUATION_BYTES = 4

export interface HpackDecoderOptions {
  /** The SETTINGS_HEADER_TABLE_SIZE that we advertise; 4096 when absent. */
  readonly maxTableBytes?: number
  /** Largest list, counted as SETTINGS_MAX_HEADER_LIST_SIZE does: name, value and 32 for each; 64 KiB when absent. */
  readonly maxListBytes?: number
}

/**
 * A decoded block. `fields` is name, value, name, value, … in latin1, cut at the limit when `too-large`: the table
 * is in step then and the connection can go on (answer 431 or refuse the stream). `compression` is a connection
 * error of type COMPRESSION_ERROR: the decoder must not be used again. `neverIndexed` holds names whose field came
 * as "never indexed" and that are not sensitive by their name anyway; an intermediary must keep them so
 * (RFC 7541 section 6.2.3), see `HpackEncoder.neverIndex`. One more than it remembers are told, which is as good as all.
 */
export type HpackResult =
  | { readonly kind: 'ok'; readonly fields: string[]; readonly neverIndexed: readonly string[] }
  | { readonly kind: 'too-large'; readonly fields: string[] }
  | { readonly kind: 'compression'; readonly message: string }

/** Decodes the header blocks of one direction of a connection, in the order in which they were sent. */
export class HpackDecoder {
  readonly #table = new DynamicTable(DEFAULT_TABLE_BYTES)
  readonly #maxTableBytes: number
  readonly #maxListBytes: number
  /** What the peer may set the table to: until it has acknowledged our SETTINGS, the default still counts. */
  #allowedTableBytes: number
  #position = 0
  #failure = ''
  #scratch: Buffer = Buffer.allocUnsafe(256)

  constructor(options: HpackDecoderOptions = {}) {
    this.#maxTableBytes = options.maxTableBytes ?? DEFAULT_TABLE_BYTES
    this.#maxListBytes = options.maxListBytes ?? DEFAULT_LIST_BYTES
    this.#allowedTableBytes = Math.max(this.#maxTableBytes, DEFAULT_TABLE_BYTES)
  }

  /** Bytes that the dynamic table holds now, at most its capacity. */
  get tableBytes(): number {
    return this.#table.usedBytes
  }

  /**
   * Tells that the peer has acknowledged our SETTINGS. From now on a table above the advertised size is an error, and
   * the next block must begin by shrinking it when it is larger (RFC 7541 section 4.2).
   */
  settingsAcknowledged(): void {
    this.#allowedTableBytes = this.#maxTableBytes
  }

  /**
   * Decodes one complete header block, `block[start..end)`, END_HEADERS seen. Nothing of the buffer is kept. One loop
   * over the representations of RFC 7541 section 6, longer than a function should be because it is the hot one.
   */
  decode(block: Buffer, start: number, end: number): HpackResult {
    const fields: string[] = []
    let neverIndexed = NO_NAMES
    let listBytes = 0
    let mayResize = true
    let sizeUpdates = 0
    this.#position = start
    this.#failure = ''
    while (this.#position < end) {
      const first = block[this.#position] ?? 0
      if (first >> 5 === 1) {
        if (!mayResize) return compression('dynamic table size update after the first field of a block')
        if (++sizeUpdates > MAX_SIZE_UPDATES) return compression('more than two dynamic table size updates in a block')
        if (!this.#resize(block, end)) return compression(this.#failure)
        continue
      }
      if (mayResize) {
        if (this.#table.capacityBytes > this.#allowedTableBytes) return compression(this.#missingUpdate())
        mayResize = false
      }
      let name: string | undefined
      let value: string | undefined
      if (first >= 0x80) {
        const index = this.#readInteger(block, end, 0x7f)
        name = this.#nameAt(index)
        if (name === undefined) return compression(this.#failure)
        value = index <= STATIC_ENTRIES ? STATIC_VALUES[index] : this.#table.valueOf(this.#sequenceOf(index))
      } else {
        const isIndexed = first >= 0x40
        const index = this.#readInteger(block, end, isIndexed ? 0x3f : 0x0f)
        name = index === 0 ? this.#readString(block, end) : this.#nameAt(index)
        if (name === undefined) return compression(this.#failure)
        value = this.#readString(block, end)
        if (value === undefined) return compression(this.#failure)
        if (isIndexed) this.#table.add(name, value)
        else if (first >= 0x10 && !isSensitiveName(name)) neverIndexed = withName(neverIndexed, name)
      }
      listBytes += name.length + (value ?? '').length + ENTRY_OVERHEAD_BYTES
      if (listBytes <= this.#maxListBytes) fields.push(name, value ?? '')
    }
    // An empty block, or one of size updates only, has to shrink an oversized table as well.
    if (this.#table.capacityBytes > this.#allowedTableBytes) return compression(this.#missingUpdate())
    if (listBytes > this.#maxListBytes) return { kind: 'too-large', fields }
    return { kind: 'ok', fields, neverIndexed }
  }

  #resize(block: Buffer, end: number): boolean {
    const bytes = this.#readInteger(block, end, 0x1f)
    if (bytes < 0) return false
    if (bytes > this.#allowedTableBytes) {
      this.#failure = `dynamic table size update to ${bytes} bytes, allowed are ${this.#allowedTableBytes}`
      return false
    }
    this.#table.resize(bytes)
    return true
  }

  #missingUpdate(): string {
    return `no size update although SETTINGS allow a dynamic table of ${this.#allowedTableBytes} bytes only`
  }

  #sequenceOf(index: number): number {
    return this.#table.nextSequence - (index - STATIC_ENTRIES)
  }

  #nameAt(index: number): string | undefined {
    if (index > 0 && index <= STATIC_ENTRIES) return STATIC_NAMES[index]
    if (index > STATIC_ENTRIES && index <= STATIC_ENTRIES + this.#table.size) {
      return this.#table.nameOf(this.#sequenceOf(index))
    }
    // A negative index is an integer that could not be read and has left its own message.
    if (index >= 0) this.#failure = `index ${index} in a table of ${STATIC_ENTRIES + this.#table.size} entries`
    return undefined
  }

  /** RFC 7541 section 5.1; `mask` has the prefix bits set. -1 and a message when it is cut short or too large. */
  #readInteger(block: Buffer, end: number, mask: number): number {
    let value = (block[this.#position++] ?? 0) & mask
    if (value < mask) return value
    for (let count = 0; count < MAX_CONTINUATION_BYTES; count += 1) {
      if (this.#position >= end) {
        this.#failure = 'header block ends within an integer'
        return -1
      }
      const byte = block[this.#position++] ?? 0
      value += (byte & 0x7f) << (7 * count)
      if (byte < 0x80) return value
    }
    this.#failure = `integer of more than ${MAX_CONTINUATION_BYTES} continuation bytes`
    return -1
  }

  /** RFC 7541 section 5.2; `undefined` and a message when it is malformed. */
  #readString(block: Buffer, end: number): string | undefined {
    if (this.#position >= end) return this.#fail('header block ends before a string')
    const isHuffman = (block[this.#position] ?? 0) >= 0x80
    const length = this.#readInteger(block, end, 0x7f)
    if (length < 0) return undefined
    const start = this.#position
    const stop = start + length
    if (stop > end) return this.#fail(`string of ${length} bytes where ${end - start} are left`)
    this.#position = stop
    if (!isHuffman) return block.toString('latin1', start, stop)
    const bound = huffmanDecodedBound(length)
    // A scratch for one very long string would stay with the connection for good.
    const scratch = bound > 16384 ? Buffer.allocUnsafe(bound) : this.#scratchOf(bound)
    const size = decodeHuffman(block, start, stop, scratch)
    if (size < 0) return this.#fail('Huffman code with EOS or bad padding')
    return scratch.toString('latin1', 0, size)
  }

  #scratchOf(bytes: number): Buffer {
    if (this.#scratch.length < bytes) this.#scratch = Buffer.allocUnsafe(bytes * 2)
    return this.#scratch
  }

  #fail(message: string): undefined {
    this.#failure = message
    return undefined
  }
}

function compression(message: string): HpackResult {
  return { kind: 'compression', message }
}

function withName(names: readonly string[], name: string): readonly string[] {
  return names.length > MAX_NEVER_INDEXED_NAMES || names.includes(name) ? names : [...names, name]
}
