import type { SeededRandom } from '../../support/random.ts'
import type { FuzzTarget } from './target.ts'

const NOTHING = Buffer.alloc(0)

/** A target that takes no bytes: what it does follows from the seed alone, as with encoders and with pairs of peers. */
export function chanceTarget(name: string, shortRounds: number, check: (random: SeededRandom) => string): FuzzTarget {
  return {
    name,
    format: 'text',
    maxInputBytes: 0,
    shortRounds,
    seeds: () => [NOTHING],
    mutate: () => NOTHING,
    check: (_input, random) => check(random),
  }
}
