import { CR, HEX_PLUS_ONE, LF, TOKEN_LOWER } from '../chars.ts'
import { describeByte } from '../fields.ts'

type ExtensionPart = 'extension' | 'name' | 'value' | 'token' | 'quoted' | 'escaped' | 'after-quoted'
type Part = 'digits' | ExtensionPart | 'lf'

/** Digits of a size; more are only zeros, which an overflowing counter somewhere may read otherwise. */
const MAX_DIGITS = 16

/**
 * One chunk-size line with its extensions, byte by byte, wherever it is split (RFC 9112 section 7.1).
 * Extensions are ignored, but they must have the form of the grammar: an open quote, over which some readers go on to
 * the next line, is refused. So is white space outside quotes, which readers skip, keep or take for the end.
 */
export class ChunkLine {
  /** The size so far; final once `isComplete`. */
  sizeBytes = 0
  isComplete = false
  /** What is wrong with the line. */
  fault: string | undefined
  readonly #maxBytes: number
  #part: Part = 'digits'
  #bytes = 0
  #digits = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Begins the next line. */
  reset(): void {
    this.sizeBytes = 0
    this.isComplete = false
    this.#part = 'digits'
    this.#bytes = 0
    this.#digits = 0
  }

  /** Reads up to the line's end, a fault or `end`, and returns the offset after the last byte taken. */
  read(buffer: Uint8Array, start: number, end: number): number {
    let at = start
    while (at < end && !this.isComplete && this.fault === undefined) {
      const byte = buffer[at++] ?? 0
      if (++this.#bytes > this.#maxBytes) this.fault = 'a chunk-size line that is too long'
      else if (this.#part === 'digits') this.#takeDigit(byte)
      else if (this.#part !== 'lf') this.#takeExtension(this.#part, byte)
      else if (byte === LF) this.isComplete = true
      else this.fault = 'bare CR after a chunk size'
    }
    return at
  }

  #takeDigit(byte: number): void {
    const digit = HEX_PLUS_ONE[byte] ?? 0
    if (digit !== 0) {
      this.sizeBytes = this.sizeBytes * 16 + (digit - 1)
      if (++this.#digits > MAX_DIGITS || this.sizeBytes > Number.MAX_SAFE_INTEGER)
        this.fault = 'a chunk size of 2^53 or more'
    } else if (this.#digits === 0) this.fault = `${describeByte(byte)} instead of a chunk size`
    else if (byte === CR) this.#part = 'lf'
    else if (byte === SEMICOLON) this.#part = 'extension'
    else this.fault = `${describeByte(byte)} in a chunk size`
  }

  #takeExtension(part: ExtensionPart, byte: number): void {
    const next = partAfter(part, byte)
    if (next === undefined) this.fault = `${describeByte(byte)} in a chunk extension`
    else this.#part = next
  }
}

const SEMICOLON = 0x3b
const EQUALS = 0x3d
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** RFC 9112 section 7.1.1 without its "bad white space", and without obs-text. */
function partAfter(part: ExtensionPart, byte: number): Part | undefined {
  const isToken = TOKEN_LOWER[byte] !== 0
  switch (part) {
    case 'extension':
      return isToken ? 'name' : undefined
    case 'name':
      return isToken ? 'name' : byte === EQUALS ? 'value' : partAfterValue(byte)
    case 'value':
      return isToken ? 'token' : byte === QUOTE ? 'quoted' : undefined
    case 'token':
      return isToken ? 'token' : partAfterValue(byte)
    case 'after-quoted':
      return partAfterValue(byte)
    case 'quoted':
      if (byte === QUOTE) return 'after-quoted'
      return byte === BACKSLASH ? 'escaped' : isPrintable(byte) ? 'quoted' : undefined
    case 'escaped':
      return isPrintable(byte) ? 'quoted' : undefined
  }
}

function partAfterValue(byte: number): Part | undefined {
  if (byte === CR) return 'lf'
  return byte === SEMICOLON ? 'extension' : undefined
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte <= 0x7e
}
