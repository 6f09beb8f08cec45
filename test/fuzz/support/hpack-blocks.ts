import { encodeHuffman, huffmanSize } from '../../../src/http/hpack/huffman.ts'
import { HpackEncoder } from '../../../src/http/hpack/encoder.ts'
import type { SeededRandom } from '../../support/random.ts'

/** An integer with a prefix of `bits` under `flags` (RFC 7541 section 5.1), with useless bytes at its end if asked for. */
export function hpackInteger(flags: number, bits: number, value: number, uselessBytes = 0): Buffer {
  const mask = 2 ** bits - 1
  if (value < mask) return Buffer.of(flags | value)
  const bytes = [flags | mask]
  let rest = value - mask
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  bytes.push(uselessBytes > 0 ? rest | 0x80 : rest)
  for (let i = uselessBytes; i > 0; i -= 1) bytes.push(i > 1 ? 0x80 : 0)
  return Buffer.from(bytes)
}

/** A string, Huffman-coded or plain. */
export function hpackString(text: string, isHuffman: boolean): Buffer {
  if (!isHuffman) return Buffer.concat([hpackInteger(0, 7, text.length), Buffer.from(text, 'latin1')])
  const coded = Buffer.alloc(huffmanSize(text))
  encodeHuffman(text, coded, 0)
  return Buffer.concat([hpackInteger(0x80, 7, coded.length), coded])
}

/** Fields as literals that no table knows of: such a block means the same wherever it is put. */
export function literalBlock(fields: readonly string[], isHuffman = false): Buffer {
  const parts = fields.map((text) => hpackString(text, isHuffman))
  return Buffer.concat(parts.flatMap((part, i) => (i % 2 === 0 ? [Buffer.of(0), part] : [part])))
}

/** A block from an encoder, whose table it changes. */
export function encodeBlock(encoder: HpackEncoder, fields: readonly string[]): Buffer {
  const target = Buffer.alloc(HpackEncoder.bound(fields))
  return target.subarray(0, encoder.encode(fields, target, 0))
}

const INDICES = [0, 1, 2, 8, 15, 16, 58, 60, 61, 62, 63, 64, 66, 70, 126, 127, 128, 190, 16_384, 2 ** 27]
const SIZES = [0, 1, 31, 32, 64, 100, 4095, 4096, 4097, 65_536, 2 ** 28 - 1, 2 ** 32 + 5]
const TEXTS = ['', 'a', 'x-a', ':path', 'cookie', '/index.html', '\0\xff', 'v'.repeat(130), 'date', '200']

/** One representation of RFC 7541 section 6 at random, at its edges more often than not. */
export function randomRepresentation(random: SeededRandom): Buffer {
  const useless = random.chance(0.1) ? 1 + random.below(4) : 0
  if (random.chance(0.3)) return hpackInteger(0x80, 7, random.pick(INDICES), useless)
  if (random.chance(0.15)) return hpackInteger(0x20, 5, random.pick(SIZES), useless)
  const [flags, bits] = random.pick([[0x40, 6] as const, [0x40, 6] as const, [0, 4] as const, [0x10, 4] as const])
  const index = random.chance(0.5) ? 0 : random.pick(INDICES)
  const name = index === 0 ? hpackString(random.pick(TEXTS), random.chance(0.5)) : Buffer.alloc(0)
  const value = hpackString(random.pick(TEXTS), random.chance(0.5))
  return Buffer.concat([hpackInteger(flags, bits, index, useless), name, value])
}
