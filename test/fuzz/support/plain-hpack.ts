import { encodeHuffman } from '../../../src/http/hpack/huffman.ts'
import { STATIC_ENTRIES, STATIC_NAMES, STATIC_VALUES } from '../../../src/http/hpack/static-table.ts'

/**
 * HPACK read as RFC 7541 tells it, slowly and plainly: the second opinion on our decoder. It has no limits but the
 * table's size; a malformed block is `undefined`.
 */
export class PlainHpack {
  /** Newest first. */
  readonly #entries: (readonly [name: string, value: string])[] = []
  #capacity = 4096
  #allowed: number
  readonly #advertised: number
  #block: Buffer = Buffer.alloc(0)
  #at = 0

  constructor(advertised: number) {
    this.#advertised = advertised
    this.#allowed = Math.max(advertised, 4096)
  }

  settingsAcknowledged(): void {
    this.#allowed = this.#advertised
  }

  decode(block: Buffer): readonly string[] | undefined {
    this.#block = block
    this.#at = 0
    const fields: string[] = []
    try {
      let isFirst = true
      let resizes = 0
      while (this.#at < block.length) {
        const byte = block.readUInt8(this.#at)
        if (byte >= 0x20 && byte < 0x40) {
          // The smallest size and the final one are all that a change ever needs (RFC 7541 section 4.2).
          if (!isFirst || ++resizes > 2) return undefined
          this.#resize(this.#integer(5))
        } else {
          if (isFirst && this.#capacity > this.#allowed) return undefined
          isFirst = false
          fields.push(...this.#field(byte))
        }
      }
    } catch (error) {
      if (error === MALFORMED) return undefined
      throw error
    }
    return this.#capacity > this.#allowed ? undefined : fields
  }

  get tableBytes(): number {
    return this.#entries.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0)
  }

  #field(byte: number): readonly [string, string] {
    if (byte >= 0x80) return this.#entry(this.#integer(7))
    const isIndexed = byte >= 0x40
    const index = this.#integer(isIndexed ? 6 : 4)
    const name = index === 0 ? this.#string() : this.#entry(index)[0]
    const field = [name, this.#string()] as const
    if (isIndexed) {
      this.#entries.unshift(field)
      this.#shrink()
    }
    return field
  }

  #entry(index: number): readonly [string, string] {
    if (index >= 1 && index <= STATIC_ENTRIES) return [STATIC_NAMES[index] ?? '', STATIC_VALUES[index] ?? '']
    return this.#entries[index - STATIC_ENTRIES - 1] ?? malformed()
  }

  #resize(bytes: number): void {
    if (bytes > this.#allowed) malformed()
    this.#capacity = bytes
    this.#shrink()
  }

  #shrink(): void {
    while (this.tableBytes > this.#capacity) this.#entries.pop()
  }

  /** At most four bytes beyond the prefix: the decoder's own limit, which RFC 7541 section 5.1 leaves to us. */
  #integer(prefixBits: number): number {
    const mask = 2 ** prefixBits - 1
    let value = this.#byte() & mask
    if (value < mask) return value
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    return malformed()
  }

  #string(): string {
    const isHuffman = (this.#block[this.#at] ?? 0) >= 0x80
    const length = this.#integer(7)
    if (this.#at + length > this.#block.length) malformed()
    const bytes = this.#block.subarray(this.#at, this.#at + length)
    this.#at += length
    return isHuffman ? plainHuffman(bytes) : bytes.toString('latin1')
  }

  #byte(): number {
    return this.#block[this.#at++] ?? malformed()
  }
}

const MALFORMED = new Error('malformed')

function malformed(): never {
  throw MALFORMED
}

/** A node has two children; a leaf is its symbol. */
type Node = [Node | number | undefined, Node | number | undefined]

const TREE: Node = buildTree()

function buildTree(): Node {
  const root: Node = [undefined, undefined]
  for (let symbol = 0; symbol < 256; symbol += 1) {
    // Eight times the same symbol end on a byte, so its bits can be read off.
    const coded = Buffer.alloc(32)
    const bytes = encodeHuffman(String.fromCharCode(symbol).repeat(8), coded, 0)
    const bits = [...coded.subarray(0, bytes)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
    let node = root
    for (const bit of bits.slice(0, bytes - 1)) node = childOf(node, bit)
    node[bits[bytes - 1] === '1' ? 1 : 0] = symbol
  }
  return root
}

function childOf(node: Node, bit: string): Node {
  const at = bit === '1' ? 1 : 0
  const child = node[at] ?? [undefined, undefined]
  if (typeof child === 'number') throw new Error('a code is the prefix of another')
  node[at] = child
  return child
}

/** Bit by bit; at the end fewer than eight bits may be left, all ones (RFC 7541 section 5.2). */
function plainHuffman(bytes: Buffer): string {
  let text = ''
  let node = TREE
  let pending = ''
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      const value = (byte >> bit) & 1
      const child = node[value]
      if (child === undefined) return malformed()
      pending += value
      if (typeof child === 'number') {
        text += String.fromCharCode(child)
        node = TREE
        pending = ''
      } else node = child
    }
  }
  return pending.length < 8 && !pending.includes('0') ? text : malformed()
}
