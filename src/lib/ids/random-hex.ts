import { randomFillSync } from 'node:crypto'

/** Made at a time. */
const BATCH = 128

/**
 * Makes a source of random ids of `bytes` bytes as lower-case hex digits, which are not all zeros. Many are made at a time:
 * one alone costs a call into OpenSSL. `fill` fills memory with random bytes.
 */
export const createHexSource = (bytes: number, fill: (bytes: Buffer) => unknown = randomFillSync): (() => string) => {
  const random = Buffer.alloc(BATCH * bytes)
  const chars = bytes * 2
  const none = '0'.repeat(chars)
  let texts = ''
  let next = BATCH
  const take = (): string => {
    if (next === BATCH) {
      fill(random)
      texts = random.toString('hex')
      next = 0
    }
    const at = next++ * chars
    return texts.slice(at, at + chars)
  }
  return () => {
    const id = take()
    return id === none ? take() : id
  }
}
