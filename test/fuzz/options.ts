import { parseArgs } from 'node:util'

/** What `npm run fuzz --` takes. */
export interface FuzzOptions {
  /** Names of targets; empty: all of them. */
  readonly targets: readonly string[]
  /** Inputs for each target. */
  readonly rounds: number
  /** The same seed gives the same inputs. */
  readonly seed: number
  /** For each target; the rounds may be over before. */
  readonly maxMs: number
  /** A file with the one input to try; absent: inputs are made. */
  readonly repeatFile: string | undefined
  /** The few inputs that reached what no file of the corpus does go there. */
  readonly isDistilling: boolean
}

const DEFAULT_ROUNDS = 100_000
const MINUTE_MS = 60_000

/** What people are told of it, with the targets that there are. */
export const formatFuzzUsage = (targets: readonly string[]): string => `npm run fuzz [-- TARGET… OPTIONS]
  npm run fuzz                                       every target, 100,000 inputs each
  npm run fuzz -- h2 hpack --rounds 1000000 --seed 7 two of them
  npm run fuzz -- h1 --minutes 30                    one of them, for half an hour at most
  npm run fuzz -- h2 --repeat test/fuzz/failures/h2-936496211.txt

  --rounds N      inputs for each target, default 100000
  --seed N        the same seed gives the same inputs; default: another one each time, which is printed
  --minutes N     for each target at most; default: until the rounds are over
  --repeat FILE   only that input, of the one target that is named
  --distil        write the few inputs that reached what no corpus file does to corpus/TARGET/found.txt
  --help          this

Targets: ${targets.join(', ')}.

An input that breaks a promise is made small and written to test/fuzz/failures/. Exit code 1 when there was one, 64 for
wrong options.`

/**
 * Reads the arguments after the script's name; `anySeed` is for want of another. Throws an `Error` that says what is wrong.
 */
export const parseFuzzOptions = (
  argv: readonly string[],
  { targets, anySeed }: { readonly targets: readonly string[]; readonly anySeed: number },
): FuzzOptions => {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      seed: { type: 'string' },
      minutes: { type: 'string' },
      repeat: { type: 'string' },
      distil: { type: 'boolean', default: false },
    },
  })
  const unknown = positionals.filter((name) => !targets.includes(name))
  if (unknown.length > 0)
    throw new Error(`no target named ${unknown.join(', ')}: expected some of ${targets.join(', ')}`)
  if (values.repeat !== undefined && positionals.length !== 1)
    throw new Error('--repeat needs the one target that the file belongs to')
  return {
    targets: positionals,
    rounds: values.repeat === undefined ? readCount('--rounds', values.rounds, DEFAULT_ROUNDS) : 0,
    seed: readCount('--seed', values.seed, anySeed),
    maxMs: readCount('--minutes', values.minutes, Number.MAX_SAFE_INTEGER / MINUTE_MS) * MINUTE_MS,
    repeatFile: values.repeat,
    isDistilling: values.distil,
  }
}

const readCount = (flag: string, text: string | undefined, fallback: number): number => {
  if (text === undefined) return fallback
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new Error(`${flag} ${text}: a whole number that is not negative is wanted`)
}
