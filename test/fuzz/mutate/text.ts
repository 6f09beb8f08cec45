import type { SeededRandom } from '../../support/random.ts'
import { mutateBytes, splice } from './bytes.ts'

/** A way to change text that knows the words which mean something in it. */
export function textMutator(words: readonly string[]): (input: Buffer, other: Buffer, random: SeededRandom) => Buffer {
  const tokens = words.map((word) => Buffer.from(word, 'latin1'))
  return (input, other, random) => {
    if (random.chance(0.4)) return mutateBytes(input, other, random)
    const at = random.below(input.length + 1)
    const token = random.pick(tokens)
    // Many times the same: where a reader takes more than linear time, this shows it.
    if (random.chance(0.05))
      return splice(input, at, 0, Buffer.concat(Array.from({ length: random.below(200) }, () => token)))
    return splice(input, at, random.chance(0.5) ? 0 : random.below(12), token)
  }
}
