import { patternForm } from './id-pattern.ts'
import { createIdSource } from './id-source.ts'

/** Its form, for `patternForm`; it takes `markVersion`. */
export const UUID = 'xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx'

/**
 * Makes a source of random UUIDs (RFC 9562 section 5.4), as `crypto.randomUUID`, which puts each together from twenty
 * strings: that was every fifteenth byte of garbage that a request left. `fill` fills memory with random bytes.
 */
export const createUuidSource = (fill?: (bytes: Buffer) => unknown): (() => string) =>
  createIdSource(patternForm(UUID, { settle: markVersion }), fill)

/** Makes sixteen random bytes those of a UUID of version 4. */
export const markVersion = (random: Buffer, at: number): void => {
  random[at + 6] = ((random[at + 6] ?? 0) & 0x0f) | 0x40
  random[at + 8] = ((random[at + 8] ?? 0) & 0x3f) | 0x80
}
