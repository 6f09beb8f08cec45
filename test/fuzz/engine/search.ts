import { type SeededRandom, seededRandom } from '../../support/random.ts'
import type { Guide } from './guide.ts'
import { minimise } from './minimise.ts'
import { Pool } from './pool.ts'
import type { FuzzCase, FuzzTarget } from './target.ts'

/** Inputs between two looks of the guide. */
const GUIDE_STRIDE = 4

/** How a search begins and ends. */
export interface SearchOptions {
  readonly rounds: number
  readonly seed: number
  /** Inputs of the corpus, each of which is checked once before chance begins. */
  readonly corpus: readonly FuzzCase[]
  /** Tells new coverage during the first `rounds` given here, then is stopped. */
  readonly guide?: { readonly rounds: number; readonly create: () => Guide } | undefined
  /** Hears of every input before it is checked, for a watchdog; true ends the search. */
  readonly onInput?: (round: number, checkSeed: number, input: Buffer) => boolean
}

/** What a search came to. */
export interface SearchResult {
  readonly rounds: number
  /** Different outcomes, near enough. */
  readonly outcomes: number
  readonly bytes: number
  readonly coveredChars: number | undefined
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
  const guide = options.guide === undefined ? undefined : followGuide(options.guide, pool)
  const figures = { rounds: 0, bytes: 0 }
  const done = (failure: SearchFailure | undefined): SearchResult => {
    const coveredChars = guide?.stop()
    return { ...figures, outcomes: pool.outcomes, coveredChars, failure, found: pool.cases }
  }
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
    guide?.look(round, found)
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
  return { name: `round ${round} of seed ${seed}`, seed: checkSeed(random), input }
}

function checkSeed(random: SeededRandom): number {
  return random.below(2 ** 31)
}

/** Keeps every input of a handful that has run new code, as long as the guide is there. */
function followGuide(options: NonNullable<SearchOptions['guide']>, pool: Pool) {
  const guide = options.create()
  const batch: FuzzCase[] = []
  let covered: number | undefined
  const stop = (): number => {
    if (covered !== undefined) return covered
    covered = guide.covered()
    guide.stop()
    return covered
  }
  const look = (round: number, item: FuzzCase): void => {
    if (covered !== undefined) return
    batch.push(item)
    if (batch.length < GUIDE_STRIDE) return
    if (guide.hasNew()) for (const member of batch) pool.keep(member)
    batch.length = 0
    if (round >= options.rounds) stop()
  }
  return { look, stop }
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
