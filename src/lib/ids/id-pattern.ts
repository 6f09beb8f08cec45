import { IDS_AT_ONCE, type IdForm } from './id-source.ts'

const DIGITS = Buffer.from('0123456789abcdef', 'latin1')

/**
 * The form of ids by a pattern, in which each two `x` stand for the lower-case hex digits of a random byte:
 * `00-xxxxxxxx-00`. `settle` may change the bytes of one, which begin at `at`, before they are written.
 */
export const patternForm = (pattern: string, settle: (random: Buffer, at: number) => void): IdForm => {
  const places = Uint16Array.from([...pattern.matchAll(/x/g)].map(({ index }) => index))
  const bytes = places.length >> 1
  const chars = pattern.length
  const texts = Buffer.from(pattern.repeat(IDS_AT_ONCE), 'latin1')
  const write = (random: Buffer): string => {
    for (let i = 0; i < IDS_AT_ONCE; i++) {
      const from = i * bytes
      const to = i * chars
      settle(random, from)
      for (let k = 0; k < bytes; k++) {
        const byte = random[from + k] ?? 0
        texts[to + (places[2 * k] ?? 0)] = DIGITS[byte >> 4] ?? 0
        texts[to + (places[2 * k + 1] ?? 0)] = DIGITS[byte & 0x0f] ?? 0
      }
    }
    return texts.toString('latin1')
  }
  return { bytes, chars, write }
}
