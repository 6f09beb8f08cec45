import { IDS_AT_ONCE, type IdForm } from './id-source.ts'

const DIGITS = Buffer.from('0123456789abcdef', 'latin1')

/** Changes the random bytes of an id, which begin at `at`, before they are written. */
export type Settle = (random: Buffer, at: number) => void

/**
 * The form of ids by a pattern, in which each two `x` stand for the lower-case hex digits of a random byte, and each two `y`
 * for those of one that many have in common: `00-yyyyxxxx-00`. `settle` is asked for each, `settleShared` for what they share.
 */
export const patternForm = (
  pattern: string,
  { settle, settleShared }: { readonly settle?: Settle; readonly settleShared?: Settle },
): IdForm => {
  const own = runsOf(pattern, /(?:xx)+/g)
  const shared = runsOf(pattern, /(?:yy)+/g)
  const bytes = bytesOf(own)
  const chars = pattern.length
  const frame = Buffer.from(pattern, 'latin1')
  const texts = Buffer.from(pattern.repeat(IDS_AT_ONCE), 'latin1')
  const share = (random: Buffer): void => {
    settleShared?.(random, 0)
    writeDigits(frame, { runs: shared, start: 0 }, { random, from: 0 })
    texts.fill(frame)
  }
  const write = (random: Buffer, from: number): string => {
    for (let i = 0; i < IDS_AT_ONCE; i++) {
      settle?.(random, from + i * bytes)
      writeDigits(texts, { runs: own, start: i * chars }, { random, from: from + i * bytes })
    }
    return texts.toString('latin1')
  }
  return { bytes, chars, sharedBytes: bytesOf(shared), share, write }
}

/** Places of digits that follow one another. */
interface Run {
  readonly at: number
  readonly bytes: number
}

const runsOf = (pattern: string, digits: RegExp): readonly Run[] =>
  [...pattern.matchAll(digits)].map(({ index, 0: { length } }) => ({ at: index, bytes: length >> 1 }))

const bytesOf = (runs: readonly Run[]): number => runs.reduce((sum, run) => sum + run.bytes, 0)

const writeDigits = (
  into: Buffer,
  { runs, start }: { readonly runs: readonly Run[]; readonly start: number },
  { random, from }: { readonly random: Buffer; readonly from: number },
): void => {
  let read = from
  for (const { at, bytes } of runs) {
    let to = start + at
    for (let i = 0; i < bytes; i++) {
      const byte = random[read++] ?? 0
      into[to++] = DIGITS[byte >> 4] ?? 0
      into[to++] = DIGITS[byte & 0x0f] ?? 0
    }
  }
}
