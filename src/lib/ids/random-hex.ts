import { createIdSource, IDS_AT_ONCE } from './id-source.ts'

/**
 * Makes a source of random ids of `bytes` bytes as lower-case hex digits, which are not all zeros. `fill` fills memory with
 * random bytes.
 */
export const createHexSource = (bytes: number, fill?: (bytes: Buffer) => unknown): (() => string) => {
  const chars = bytes * 2
  const none = '0'.repeat(chars)
  const take = createIdSource(
    { bytes, chars, write: (random, from) => random.toString('hex', from, from + IDS_AT_ONCE * bytes) },
    fill,
  )
  return () => {
    const id = take()
    return id === none ? take() : id
  }
}
