import { DEFAULT_TABLE_BYTES } from './decoder.ts'
import { DynamicTable, ENTRY_OVERHEAD_BYTES } from './dynamic-table.ts'
import { encodeHuffman, huffmanSize } from './huffman.ts'
import { MAX_NEVER_INDEXED_NAMES, isSensitiveName } from './sensitive.ts'
import { STATIC_ENTRIES, STATIC_INDEX, STATIC_NAMES, STATIC_VALUES } from './static-table.ts'

/** Longest prefixed integer that this encoder writes: a prefix and five times seven bits. */
const MAX_INTEGER_BYTES = 6
/** Values above this are worth little in a table that they would soon empty. */
const MAX_INDEXED_VALUE_CHARS = 256
/** Slots of the memory of fields seen once. */
const SIGHTINGS = 64
/** A new value up to this long goes out as it is. */
const MAX_PLAIN_CHARS = 64

/** Fields whose values hardly change on a connection: they are indexed at first sight. */
const STABLE_NAMES: ReadonlySet<string> = new Set([
  ':authority',
  ':method',
  ':scheme',
  ':status',
  'accept',
  'accept-encoding',
  'accept-language',
  'accept-ranges',
  'access-control-allow-origin',
  'cache-control',
  'content-encoding',
  'content-type',
  'forwarded',
  'grpc-accept-encoding',
  'grpc-encoding',
  'origin',
  'server',
  'strict-transport-security',
  'te',
  'trailer',
  'user-agent',
  'vary',
  'via',
  'x-forwarded-proto',
])

export interface HpackEncoderOptions {
  /** The most that our own table may take, whatever the peer allows; 4096 when absent. */
  readonly maxTableBytes?: number
}

/**
 * Encodes the header blocks of one direction of a connection.
 * Policy: secrets are never indexed; fields that are known to be stable are indexed at once, all others when the same
 * field is met again, so that request ids, dates and one-off paths do not wash out what is worth keeping; values of
 * more than 256 characters are not indexed. Strings are Huffman-coded where that is shorter.
 */
export class HpackEncoder {
  readonly #table: DynamicTable
  #ownMaxTableBytes: number
  /** Newest entry by name; older ones with the same name hang behind it in `#olderSameName`. */
  readonly #newest = new Map<string, number>()
  readonly #olderSameName = new Map<number, number>()
  readonly #neverIndexed = new Set<string>()
  readonly #seenNames: string[] = new Array<string>(SIGHTINGS).fill('')
  readonly #seenValues: string[] = new Array<string>(SIGHTINGS).fill('')
  /** Size update owed to the peer: the smallest size since the last block, then the one that holds (section 4.2). */
  #smallestPending: number | undefined

  constructor(options: HpackEncoderOptions = {}) {
    this.#ownMaxTableBytes = options.maxTableBytes ?? DEFAULT_TABLE_BYTES
    this.#table = new DynamicTable(DEFAULT_TABLE_BYTES, (name, sequence) => this.#forget(name, sequence))
    if (this.#ownMaxTableBytes < DEFAULT_TABLE_BYTES) this.setMaxTableBytes(DEFAULT_TABLE_BYTES)
  }

  /** An upper bound, in bytes, for `encode(fields, …)`. */
  static bound(fields: readonly string[]): number {
    let bytes = 2 * MAX_INTEGER_BYTES
    for (let i = 0; i < fields.length; i += 1) bytes += (fields[i] ?? '').length + MAX_INTEGER_BYTES + 1
    return bytes
  }

  /** Bytes that the dynamic table holds now. */
  get tableBytes(): number {
    return this.#table.usedBytes
  }

  /** Takes the peer's SETTINGS_HEADER_TABLE_SIZE; the next block announces a size that changes by it. */
  setMaxTableBytes(bytes: number): void {
    const wanted = Math.min(bytes, this.#ownMaxTableBytes)
    if (wanted === this.#table.capacityBytes) return
    this.#smallestPending = Math.min(this.#smallestPending ?? wanted, wanted)
    this.#table.resize(wanted)
  }

  /**
   * Sends fields with this lower-case name as "never indexed" from now on; for names that came so from the other side.
   * After 64 such names, nothing more is indexed: safe, and a peer cannot make us remember without end.
   */
  neverIndex(name: string): void {
    if (this.#neverIndexed.size < MAX_NEVER_INDEXED_NAMES) this.#neverIndexed.add(name)
    else if (!this.#neverIndexed.has(name)) {
      this.#ownMaxTableBytes = 0
      this.setMaxTableBytes(0)
    }
  }

  /**
   * Appends one header block for the flat name, value, … list (names lower case, all latin1) at `offset` of `target`,
   * which must have `HpackEncoder.bound(fields)` bytes from there; returns the offset behind the block.
   */
  encode(fields: readonly string[], target: Buffer, offset: number): number {
    let at = this.#smallestPending === undefined ? offset : this.#writeSizeUpdates(target, offset)
    for (let i = 0; i + 1 < fields.length; i += 2) {
      at = this.#encodeField(fields[i] ?? '', fields[i + 1] ?? '', target, at)
    }
    return at
  }

  // Four parameters: a hot path, where an options object per field would be an allocation per field.
  #encodeField(name: string, value: string, target: Buffer, offset: number): number {
    const staticIndex = STATIC_INDEX.get(name) ?? 0
    if (isSensitiveName(name) || (this.#neverIndexed.size > 0 && this.#neverIndexed.has(name))) {
      return writeLiteral(target, offset, 0x10, 0x0f, staticIndex, name, value)
    }
    for (let index = staticIndex; index > 0 && STATIC_NAMES[index] === name; index += 1) {
      if (STATIC_VALUES[index] === value) return writeInteger(target, offset, 0x80, 0x7f, index)
    }
    const newest = this.#newest.get(name)
    for (let sequence = newest; sequence !== undefined; sequence = this.#olderSameName.get(sequence)) {
      if (this.#table.valueOf(sequence) === value) {
        return writeInteger(target, offset, 0x80, 0x7f, this.#indexOf(sequence))
      }
    }
    const nameIndex = staticIndex !== 0 || newest === undefined ? staticIndex : this.#indexOf(newest)
    if (!this.#isWorthIndexing(name, value)) return writeNew(target, offset, nameIndex, name, value)
    // The index is relative to the table before the entry is added, hence first written, then added.
    const at = writeLiteral(target, offset, 0x40, 0x3f, nameIndex, name, value)
    this.#remember(name, value)
    return at
  }

  #isWorthIndexing(name: string, value: string): boolean {
    const bytes = name.length + value.length + ENTRY_OVERHEAD_BYTES
    if (value.length > MAX_INDEXED_VALUE_CHARS || bytes > this.#table.capacityBytes >> 1) return false
    if (STABLE_NAMES.has(name)) return true
    const middle = value.length === 0 ? 0 : value.charCodeAt(value.length >> 1)
    const last = value.length === 0 ? 0 : value.charCodeAt(value.length - 1)
    const slot = (name.length * 7 + value.length * 31 + middle * 5 + last * 13) & (SIGHTINGS - 1)
    if (this.#seenNames[slot] === name && this.#seenValues[slot] === value) return true
    this.#seenNames[slot] = name
    this.#seenValues[slot] = value
    return false
  }

  #remember(name: string, value: string): void {
    if (!this.#table.add(name, value)) return
    const sequence = this.#table.nextSequence - 1
    // Asked only now: making room may have evicted the entry that was the newest with this name.
    const older = this.#newest.get(name)
    if (older !== undefined) this.#olderSameName.set(sequence, older)
    this.#newest.set(name, sequence)
  }

  /** The evicted entry is the oldest of all, so it ends the chain of its name. */
  #forget(name: string, sequence: number): void {
    const newest = this.#newest.get(name)
    if (newest === sequence) {
      this.#newest.delete(name)
      return
    }
    let holder = newest
    while (holder !== undefined && this.#olderSameName.get(holder) !== sequence)
      holder = this.#olderSameName.get(holder)
    if (holder !== undefined) this.#olderSameName.delete(holder)
  }

  #indexOf(sequence: number): number {
    return STATIC_ENTRIES + this.#table.nextSequence - sequence
  }

  #writeSizeUpdates(target: Buffer, offset: number): number {
    const final = this.#table.capacityBytes
    const smallest = this.#smallestPending ?? final
    this.#smallestPending = undefined
    const at = smallest < final ? writeInteger(target, offset, 0x20, 0x1f, smallest) : offset
    return writeInteger(target, at, 0x20, 0x1f, final)
  }
}

/** RFC 7541 section 5.1: `flags` above the prefix, `mask` the prefix bits. */
function writeInteger(target: Buffer, offset: number, flags: number, mask: number, value: number): number {
  let at = offset
  if (value < mask) {
    target[at++] = flags | value
    return at
  }
  target[at++] = flags | mask
  let rest = value - mask
  while (rest >= 0x80) {
    target[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  target[at++] = rest
  return at
}

function writeLiteral(
  target: Buffer,
  offset: number,
  flags: number,
  mask: number,
  nameIndex: number,
  name: string,
  value: string,
): number {
  const at = writeInteger(target, offset, flags, mask, nameIndex)
  return writeString(value, target, nameIndex === 0 ? writeString(name, target, at) : at)
}

/** What is sent once, an id of a request say, costs more to be coded than it saves: a quarter of its bytes. */
function writeNew(target: Buffer, offset: number, nameIndex: number, name: string, value: string): number {
  if (value.length > MAX_PLAIN_CHARS) return writeLiteral(target, offset, 0x00, 0x0f, nameIndex, name, value)
  const named = writeInteger(target, offset, 0x00, 0x0f, nameIndex)
  let at = nameIndex === 0 ? writeString(name, target, named) : named
  at = writeInteger(target, at, 0x00, 0x7f, value.length)
  // For so few a call into the runtime takes longer.
  for (let i = 0; i < value.length; i++) target[at++] = value.charCodeAt(i)
  return at
}

function writeString(text: string, target: Buffer, offset: number): number {
  const coded = huffmanSize(text)
  if (coded < text.length) return encodeHuffman(text, target, writeInteger(target, offset, 0x80, 0x7f, coded))
  const at = writeInteger(target, offset, 0x00, 0x7f, text.length)
  return at + target.write(text, at, 'latin1')
}
