import { randomFillSync } from 'node:crypto'

/** UUIDs made at a time. */
const BATCH = 128
const RANDOM_BYTES = 16
const CHARS = 36
const HYPHEN = 0x2d
const HEX = Buffer.from('0123456789abcdef', 'latin1')

/**
 * Makes a source of random UUIDs (RFC 9562 section 5.4), as `crypto.randomUUID`, which puts each together from twenty
 * strings: that was every fifteenth byte of garbage that a request left. `fill` fills memory with random bytes.
 */
export const createUuidSource = (fill: (bytes: Buffer) => unknown = randomFillSync): (() => string) => {
  const random = Buffer.alloc(BATCH * RANDOM_BYTES)
  const chars = Buffer.alloc(BATCH * CHARS)
  let texts = ''
  let next = BATCH
  return () => {
    if (next === BATCH) {
      fill(random)
      for (let i = 0; i < BATCH; i++) writeUuid(random, i * RANDOM_BYTES, chars, i * CHARS)
      texts = chars.toString('latin1')
      next = 0
    }
    const at = next++ * CHARS
    return texts.slice(at, at + CHARS)
  }
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
