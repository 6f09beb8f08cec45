import { randomFillSync } from 'node:crypto'

/** Made at a time: one alone costs a call into OpenSSL. */
export const IDS_AT_ONCE = 128

/** How ids are made of random bytes. */
export interface IdForm {
  /** Random bytes of one. */
  readonly bytes: number
  /** Characters of one. */
  readonly chars: number
  /** The texts of `IDS_AT_ONCE` ids, one behind the other. */
  readonly write: (random: Buffer) => string
}

/** Makes a source of random ids. `fill` fills memory with random bytes. */
export const createIdSource = (
  { bytes, chars, write }: IdForm,
  fill: (bytes: Buffer) => unknown = randomFillSync,
): (() => string) => {
  const random = Buffer.alloc(IDS_AT_ONCE * bytes)
  let texts = ''
  let next = IDS_AT_ONCE
  return () => {
    if (next === IDS_AT_ONCE) {
      fill(random)
      texts = write(random)
      next = 0
    }
    const at = next++ * chars
    return texts.slice(at, at + chars)
  }
}
