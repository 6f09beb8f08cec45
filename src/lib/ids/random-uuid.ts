import { createIdSource, IDS_AT_ONCE } from './id-source.ts'

const RANDOM_BYTES = 16
const CHARS = 36
const HYPHEN = 0x2d
const HEX = Buffer.from('0123456789abcdef', 'latin1')

/**
 * Makes a source of random UUIDs (RFC 9562 section 5.4), as `crypto.randomUUID`, which puts each together from twenty
 * strings: that was every fifteenth byte of garbage that a request left. `fill` fills memory with random bytes.
 */
export const createUuidSource = (fill?: (bytes: Buffer) => unknown): (() => string) => {
  const chars = Buffer.alloc(IDS_AT_ONCE * CHARS)
  const write = (random: Buffer): string => {
    for (let i = 0; i < IDS_AT_ONCE; i++) writeUuid(random, i * RANDOM_BYTES, chars, i * CHARS)
    return chars.toString('latin1')
  }
  return createIdSource({ bytes: RANDOM_BYTES, chars: CHARS, write }, fill)
}

// Four parameters: nothing is allocated here.
const writeUuid = (random: Buffer, from: number, target: Buffer, to: number): void => {
  let at = to
  for (let i = 0; i < RANDOM_BYTES; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) target[at++] = HYPHEN
    const byte = random[from + i] ?? 0
    const bits = i === 6 ? (byte & 0x0f) | 0x40 : i === 8 ? (byte & 0x3f) | 0x80 : byte
    target[at++] = HEX[bits >> 4] ?? 0
    target[at++] = HEX[bits & 0x0f] ?? 0
  }
}
