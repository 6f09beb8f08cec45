/**
 * The string code of RFC 7541 appendix B. The code is canonical (codes of one length ascend with their symbols), so
 * the lengths below are the whole table: codes and look-up tables are derived from them once, at load.
 */
// prettier-ignore
const LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
]
const EOS = 256
const MAX_LENGTH = 30
/** Codes up to this length, which is all that headers are usually made of, are found with one look-up. */
const QUICK_BITS = 10

interface Tables {
  /** Code by symbol, right-aligned. */
  readonly codes: Uint32Array
  readonly lengths: Uint8Array
  /** By the next QUICK_BITS bits: length << 8 | symbol, or 0 when the code is longer. */
  readonly quick: Uint16Array
  /** By length: the first left-aligned 32-bit window that is beyond all codes of this length or shorter. */
  readonly limits: Float64Array
  /** By length: position in `symbols` minus the numeric value of the first code of that length. */
  readonly bases: Int32Array
  /** Symbols in the order of their codes. */
  readonly symbols: Uint16Array
}

const TABLES = buildTables()
const { codes: CODES, lengths: CODE_LENGTHS, quick: QUICK, limits: LIMITS, bases: BASES, symbols: SYMBOLS } = TABLES

function buildTables(): Tables {
  const codes = new Uint32Array(257)
  const quick = new Uint16Array(1 << QUICK_BITS)
  const limits = new Float64Array(MAX_LENGTH + 1)
  const bases = new Int32Array(MAX_LENGTH + 1)
  const symbols = new Uint16Array(257)
  let code = 0
  let position = 0
  for (let length = 1; length <= MAX_LENGTH; length += 1) {
    code *= 2
    bases[length] = position - code
    for (let symbol = 0; symbol <= EOS; symbol += 1) {
      if (LENGTHS[symbol] !== length) continue
      codes[symbol] = code
      symbols[position] = symbol
      if (length <= QUICK_BITS) {
        const spare = QUICK_BITS - length
        quick.fill((length << 8) | symbol, code << spare, (code + 1) << spare)
      }
      code += 1
      position += 1
    }
    limits[length] = code * 2 ** (32 - length)
  }
  return { codes, lengths: Uint8Array.from(LENGTHS), quick, limits, bases, symbols }
}

/** Size in bytes of `text` (latin1) once Huffman-coded, padding included. */
export function huffmanSize(text: string): number {
  let bits = 0
  for (let i = 0; i < text.length; i += 1) bits += CODE_LENGTHS[text.charCodeAt(i) & 0xff] ?? 0
  return (bits + 7) >>> 3
}

/** The most bytes that `codedBytes` of Huffman code can decode to: the shortest code has five bits. */
export function huffmanDecodedBound(codedBytes: number): number {
  return Math.ceil((codedBytes * 8) / 5)
}

/** Writes `text` (latin1) Huffman-coded and padded with ones; returns the offset behind it. */
export function encodeHuffman(text: string, target: Buffer, offset: number): number {
  let at = offset
  let accumulator = 0
  let bits = 0
  for (let i = 0; i < text.length; i += 1) {
    const symbol = text.charCodeAt(i) & 0xff
    let code = CODES[symbol] ?? 0
    let length = CODE_LENGTHS[symbol] ?? 0
    if (length > 24) {
      // Up to 7 bits are waiting: a longer code would not fit into 32 with them, so its head goes first.
      accumulator = (accumulator << (length - 16)) | (code >>> 16)
      bits += length - 16
      while (bits >= 8) target[at++] = accumulator >>> (bits -= 8)
      code &= 0xffff
      length = 16
    }
    accumulator = (accumulator << length) | code
    bits += length
    while (bits >= 8) target[at++] = accumulator >>> (bits -= 8)
  }
  if (bits > 0) target[at++] = (accumulator << (8 - bits)) | (0xff >>> bits)
  return at
}

/**
 * Decodes `source[start..end)` into `target`, which must hold `huffmanDecodedBound(end - start)` bytes; returns the
 * decoded size, or -1 for an EOS symbol, padding of more than seven bits, or padding that is not all ones
 * (RFC 7541 section 5.2). Longer than a function should be: calls per symbol would dominate its cost.
 */
export function decodeHuffman(source: Buffer, start: number, end: number, target: Buffer): number {
  let at = start
  let out = 0
  let window = 0 // the next bits of the code, left-aligned in 32
  let bits = 0
  for (;;) {
    while (bits <= 24 && at < end) {
      window |= (source[at++] ?? 0) << (24 - bits)
      bits += 8
    }
    const entry = QUICK[window >>> (32 - QUICK_BITS)] ?? 0
    if (entry !== 0) {
      const length = entry >>> 8
      if (length > bits) break
      target[out++] = entry & 0xff
      window <<= length
      bits -= length
      continue
    }
    // A code of up to 30 bits, of which the window surely holds 25: look one byte further.
    const hasNext = at < end && bits < 32
    const next = hasNext ? (source[at] ?? 0) : 0
    const wide = (hasNext ? window | (next >>> (bits - 24)) : window) >>> 0
    let length = QUICK_BITS + 1
    while (length < MAX_LENGTH && wide >= (LIMITS[length] ?? 0)) length += 1
    if (length > (hasNext ? bits + 8 : bits)) break
    const symbol = SYMBOLS[(wide >>> (32 - length)) + (BASES[length] ?? 0)] ?? EOS
    if (symbol === EOS) return -1
    target[out++] = symbol
    if (length <= bits) {
      window <<= length
      bits -= length
    } else {
      window = next << (24 + length - bits)
      bits = bits + 8 - length
      at += 1
    }
  }
  if (bits > 7) return -1
  return bits === 0 || window >>> (32 - bits) === (1 << bits) - 1 ? out : -1
}
