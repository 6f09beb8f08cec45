/**
 * Hashes of pieces of texts where they are, without making them: the same for capitals and small letters, and for some
 * others too, so that whoever is found by one has to be compared with all the same.
 */

/** Odd, so that it has an inverse; another one in each process, so that nobody can write texts that have the same hash. */
const FACTOR = Math.trunc(Math.random() * 2 ** 31) * 2 + 1

/** Modulo 2^32, by Newton: three bits are right to begin with (any odd number is its own inverse modulo 8), then 6, 12, 24, 48. */
const INVERSE = [0, 1, 2, 3].reduce((x) => Math.imul(x, 2 - Math.imul(FACTOR, x)), FACTOR | 0)

/** The hash of the characters of a text from `start` to before `end`. */
export const hashPiece = (text: string, start: number, end: number): number => {
  let hash = 0
  for (let i = start; i < end; i++) hash = nextHash(hash, text.charCodeAt(i))
  return hash
}

/** The hash of a piece with one character more at its end. */
export const nextHash = (hash: number, code: number): number => (Math.imul(hash, FACTOR) + toSmall(code)) | 0

/** The hash of a piece without its last character, which is this one. */
export const hashBefore = (hash: number, code: number): number => Math.imul(hash - toSmall(code), INVERSE)

const toSmall = (code: number): number => (code >= 65 && code <= 90 ? code + 32 : code)
