import { seededRandom } from '../../support/random.ts'
import { minimise } from './minimise.ts'
import { Pool } from './pool.ts'
import type { FuzzCase, FuzzTarget } from './target.ts'

/** How a search begins and ends. */
export interface SearchOptions {
  readonly rounds: number
  readonly seed: number
  /** Inputs of the corpus, each of which is checked once before chance begins. */
  readonly corpus: readonly FuzzCase[]
  /** Hears of every input before it is checked, for a watchdog; true ends the search. */
  readonly onInput?: (round: number, checkSeed: number, input: Buffer) => boolean
}

/** What a search came to. */
export interface SearchResult {
  readonly rounds: number
  /** Different outcomes, near enough. */
  readonly outcomes: number
  readonly bytes: number
  readonly failure: SearchFailure | undefined
  /** The inputs that chance has led to and that were worth mutating further. */
  readonly found: readonly FuzzCase[]
}

/** The input that broke a promise, made small, and what was thrown for it. */
export interface SearchFailure {
  readonly found: FuzzCase
  readonly error: unknown
}

/** Feeds a target its corpus and then mutations of it, and of whatever led to something new; ends at the first failure. */
export function search(target: FuzzTarget, options: SearchOptions): SearchResult {
  const known = knownCases(target, options.corpus)
  const pool = new Pool()
  const figures = { rounds: 0, bytes: 0 }
  const done = (failure: SearchFailure | undefined): SearchResult => ({
    ...figures,
    outcomes: pool.outcomes,
    failure,
    found: pool.cases,
  })
  for (const item of known) {
    if (options.onInput?.(0, item.seed, item.input) === true) return done(undefined)
    const failure = tryCase(target, item, pool)
    if (failure !== undefined) return done(failure)
  }
  const seeds = known.map(({ input }) => input)
  for (let round = 0; round < options.rounds; round += 1) {
    const found = nextCase(target, { seed: options.seed, round }, { seeds, pool })
    if (options.onInput?.(round, found.seed, found.input) === true) break
    figures.rounds += 1
    figures.bytes += found.input.length
    const failure = tryCase(target, found, pool)
    if (failure !== undefined) return done(failure)
  }
  return done(undefined)
}

/** The corpus and the target's own inputs. */
export function knownCases(target: FuzzTarget, corpus: readonly FuzzCase[]): readonly FuzzCase[] {
  return [...corpus, ...target.seeds().map((input, seed) => ({ name: `seed ${seed}`, seed, input }))]
}

function tryCase(target: FuzzTarget, item: FuzzCase, pool: Pool): SearchFailure | undefined {
  try {
    if (pool.isNew(target.check(item.input, seededRandom(item.seed)))) pool.keep(item)
    return undefined
  } catch (error) {
    return shrink(target, item, error)
  }
}

function nextCase(
  target: FuzzTarget,
  { seed, round }: { readonly seed: number; readonly round: number },
  { seeds, pool }: { readonly seeds: readonly Buffer[]; readonly pool: Pool },
): FuzzCase {
  const random = seededRandom((seed + Math.imul(round, 0x9e37_79b1)) >>> 0)
  const pickOne = (): Buffer =>
    pool.cases.length > 0 && random.chance(0.7) ? random.pick(pool.cases).input : random.pick(seeds)
  let input = pickOne()
  for (let i = random.below(random.chance(0.2) ? 12 : 4); i >= 0; i -= 1)
    input = target.mutate(input, pickOne(), random).subarray(0, target.maxInputBytes)
  return { name: `round ${round} of seed ${seed}`, seed: random.below(2 ** 31), input }
}

function shrink(target: FuzzTarget, found: FuzzCase, error: unknown): SearchFailure {
  let last = error
  const input = minimise(found.input, (candidate) => {
    try {
      target.check(candidate, seededRandom(found.seed))
      return false
    } catch (thrown) {
      last = thrown
      return true
    }
  })
  return { found: { ...found, input }, error: last }
}
