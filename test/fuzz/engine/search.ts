import { type SeededRandom, seededRandom } from '../../support/random.ts'
import type { Guide } from './guide.ts'
import { minimise } from './minimise.ts'
import type { FuzzCase, FuzzTarget } from './target.ts'

/** Inputs that are kept because they led to something new, and what they may come to together. */
const POOL_LIMIT = 4096
const POOL_BYTES = 2 << 20
/** Outcomes are remembered by hash, in memory that does not grow. */
const OUTCOME_SLOTS = 1 << 20
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
  /** Inputs to mutate further, those it began with included. */
  readonly poolSize: number
  /** Different outcomes, near enough. */
  readonly outcomes: number
  readonly bytes: number
  readonly coveredChars: number | undefined
  readonly failure: SearchFailure | undefined
}

/** The input that broke a promise, made small, and what was thrown for it. */
export interface SearchFailure {
  readonly found: FuzzCase
  readonly error: unknown
}

/** Feeds a target its corpus and then mutations of it, and of whatever led to a new outcome; ends at the first failure. */
export function search(target: FuzzTarget, options: SearchOptions): SearchResult {
  const { rounds, seed, corpus, onInput } = options
  const seeds = [...target.seeds(), ...corpus.map(({ input }) => input)]
  const pool = new Pool()
  const outcomes = new Uint8Array(OUTCOME_SLOTS)
  let outcomeCount = 0
  let bytes = 0
  let round = 0
  const guide = options.guide?.create()
  let coveredChars: number | undefined
  const isNewOutcome = (outcome: string): boolean => {
    const slot = hashText(outcome) & (OUTCOME_SLOTS - 1)
    if (outcomes[slot] === 1) return false
    outcomes[slot] = 1
    outcomeCount += 1
    return true
  }
  const done = (failure?: SearchFailure): SearchResult => {
    if (guide !== undefined && coveredChars === undefined) coveredChars = stopGuide(guide)
    return {
      rounds: round,
      poolSize: seeds.length + pool.inputs.length,
      outcomes: outcomeCount,
      bytes,
      coveredChars,
      failure,
    }
  }
  const run = (found: FuzzCase): SearchFailure | undefined => {
    try {
      if (isNewOutcome(target.check(found.input, seededRandom(found.seed)))) pool.keep(found)
      return undefined
    } catch (error) {
      return shrink(target, found, error)
    }
  }

  for (const item of [...corpus, ...target.seeds().map((input, i) => ({ name: `seed ${i}`, seed: i, input }))]) {
    onInput?.(0, item.seed, item.input)
    const failure = run(item)
    if (failure !== undefined) return done(failure)
  }
  const batch: FuzzCase[] = []
  for (; round < rounds; round += 1) {
    const random = seededRandom((seed + Math.imul(round, 0x9e37_79b1)) >>> 0)
    const input = nextInput(target, random, seeds, pool.inputs)
    const found = { name: `round ${round} of seed ${seed}`, seed: random.below(2 ** 31), input }
    bytes += input.length
    if (onInput?.(round, found.seed, input) === true) break
    const failure = run(found)
    if (failure !== undefined) return done(failure)
    if (guide === undefined || coveredChars !== undefined) continue
    batch.push(found)
    if (batch.length < GUIDE_STRIDE) continue
    if (guide.hasNew()) for (const item of batch) pool.keep(item)
    batch.length = 0
    if (round >= (options.guide?.rounds ?? 0)) coveredChars = stopGuide(guide)
  }
  return done()
}

function nextInput(
  target: FuzzTarget,
  random: SeededRandom,
  seeds: readonly Buffer[],
  pool: readonly Buffer[],
): Buffer {
  const pickOne = (): Buffer => random.pick(pool.length > 0 && random.chance(0.7) ? pool : seeds)
  let input = pickOne()
  for (let i = random.below(random.chance(0.2) ? 12 : 4); i >= 0; i -= 1)
    input = target.mutate(input, pickOne(), random).subarray(0, target.maxInputBytes)
  return input
}

/** Inputs worth mutating further. Once it is full a new one takes the place of another that is not smaller. */
class Pool {
  readonly inputs: Buffer[] = []
  #bytes = 0

  keep({ input, seed }: FuzzCase): void {
    const isFull = this.inputs.length >= POOL_LIMIT || this.#bytes + input.length > POOL_BYTES
    const at = isFull ? seed % this.inputs.length : this.inputs.length
    const freed = this.inputs[at]?.length ?? 0
    if (isFull && freed < input.length) return
    // Memory of its own: a part of another input would keep all of that alive.
    this.inputs[at] = Buffer.from(Uint8Array.from(input).buffer)
    this.#bytes += input.length - freed
  }
}

function stopGuide(guide: Guide): number {
  const covered = guide.covered()
  guide.stop()
  return covered
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

/** FNV-1a over the characters. */
function hashText(text: string): number {
  let hash = 0x811c_9dc5
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193)
  return (hash ^ (hash >>> 15)) >>> 0
}
