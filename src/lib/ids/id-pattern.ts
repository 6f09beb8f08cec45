import { IDS_AT_ONCE, type IdForm } from './id-source.ts'

/** The two lower-case hex digits of a byte, as a number that lies in memory in their order. */
const DIGITS = Int32Array.from({ length: 256 }, (_, byte) =>
  Buffer.from(byte.toString(16).padStart(2, '0'), 'latin1').readUInt16LE(),
)

/** Changes the random bytes of an id, which begin at `at`, before they are written. */
export type Settle = (random: Buffer, at: number) => void

/**
 * The form of ids by a pattern, in which each four `x` stand for the lower-case hex digits of two random bytes, each four `z` for
 * those of the first of them once more, and each four `y` for those of two that many ids have in common: `xxxx:00-yyyyzzzz`.
 * `settle` is asked for each, `settleShared` for what they share.
 */
export const patternForm = (
  pattern: string,
  { settle, settleShared }: { readonly settle?: Settle; readonly settleShared?: Settle },
): IdForm => {
  const own = placesOf(pattern, 'xxxx')
  const again = placesOf(pattern, 'zzzz')
  const shared = placesOf(pattern, 'yyyy')
  const bytes = 2 * own.length
  const chars = pattern.length
  const texts = Buffer.from(pattern.repeat(IDS_AT_ONCE), 'latin1')
  const strides = { bytes, chars }
  const share = (random: Buffer): void => {
    settleShared?.(random, 0)
    writeDigits(texts, { places: shared, strides: { bytes: 0, chars } }, { random, from: 0 })
  }
  const write = (random: Buffer, from: number): string => {
    if (settle !== undefined) for (let i = 0; i < IDS_AT_ONCE; i++) settle(random, from + i * bytes)
    writeDigits(texts, { places: own, strides }, { random, from })
    writeDigits(texts, { places: again, strides }, { random, from })
    return texts.toString('latin1')
  }
  return { bytes, chars, sharedBytes: 2 * shared.length, share, write }
}

const placesOf = (pattern: string, digits: string): readonly number[] =>
  [...pattern.matchAll(new RegExp(digits, 'g'))].map(({ index }) => index)

/**
 * Writes two bytes of all ids, then the next two: for most of a million ids a second, so that the inner loop is one store for four
 * digits.
 */
const writeDigits = (
  into: Buffer,
  { places, strides: { bytes, chars } }: { readonly places: readonly number[]; readonly strides: Strides },
  { random, from }: { readonly random: Buffer; readonly from: number },
): void => {
  const view = new DataView(into.buffer, into.byteOffset, into.length)
  for (let k = 0; k < places.length; k++) {
    let to = places[k] ?? 0
    let read = from + 2 * k
    for (let i = 0; i < IDS_AT_ONCE; i++) {
      view.setInt32(to, (DIGITS[random[read] ?? 0] ?? 0) | ((DIGITS[random[read + 1] ?? 0] ?? 0) << 16), true)
      to += chars
      read += bytes
    }
  }
}

/** From one id to the next, in the random bytes and in the text. */
interface Strides {
  readonly bytes: number
  readonly chars: number
}
