import { randomFillSync } from 'node:crypto'

/**
 * Written at a time, as one text of which each is a part. Of whatever lives for long, as a request that goes on for hours, all
 * of that text lives as long.
 */
export const IDS_AT_ONCE = 64
/** So many texts are made of the random bytes that OpenSSL is asked for at a time: the call alone costs as much as twenty ids. */
const TEXTS_AT_ONCE = 16

/** How ids are made of random bytes. */
export interface IdForm {
  /** Random bytes of one. */
  readonly bytes: number
  /** Characters of one. */
  readonly chars: number
  /** Random bytes that about a thousand ids have in common; default 0. */
  readonly sharedBytes?: number
  /** Takes these, the first ones of `random`, for all ids that are written from then on. */
  readonly share?: (random: Buffer) => void
  /** The texts of `IDS_AT_ONCE` ids, one behind the other, of the random bytes from `from` on. */
  readonly write: (random: Buffer, from: number) => string
}

/** Makes a source of random ids. `fill` fills memory with random bytes. */
export const createIdSource = (
  { bytes, chars, sharedBytes = 0, share, write }: IdForm,
  fill: (bytes: Buffer) => unknown = randomFillSync,
): (() => string) => {
  const bytesAtOnce = IDS_AT_ONCE * bytes
  const random = Buffer.alloc(sharedBytes + TEXTS_AT_ONCE * bytesAtOnce)
  let from = random.length
  let texts = ''
  let next = IDS_AT_ONCE
  const refill = (): void => {
    if (from === random.length) {
      fill(random)
      share?.(random)
      from = sharedBytes
    }
    texts = write(random, from)
    from += bytesAtOnce
    next = 0
  }
  return () => {
    if (next === IDS_AT_ONCE) refill()
    const at = next++ * chars
    return texts.slice(at, at + chars)
  }
}
