/**
 * `npm run fuzz [name …] [-- --rounds 100000 --seed 7]`: every `*.fuzz.ts` of this folder, or those named, until the
 * rounds are done or one fails. Without a seed, each run takes a new one and prints it.
 */
import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'

const DEFAULT_ROUNDS = 20_000
/** Rounds between two lines of progress. */
const PROGRESS_ROUNDS = 500
const SUFFIX = '.fuzz.ts'

/** What a `*.fuzz.ts` exports once, under a name that begins with `fuzz`: it throws when a promise is broken. */
type Fuzz = (options: FuzzOptions) => void | Promise<void>

interface FuzzOptions {
  readonly rounds: number
  readonly seed: number
  readonly onRound: (round: number) => void
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string' }, seed: { type: 'string' } },
})
const rounds = readCount('rounds', values.rounds ?? String(DEFAULT_ROUNDS))
const seed = readCount('seed', values.seed ?? String(Date.now() % 2 ** 31))

let failures = 0
for (const name of selectNames()) if (!(await run(name))) failures += 1
process.exitCode = failures === 0 ? 0 : 1

function readCount(option: string, text: string): number {
  const count = Number(text)
  if (Number.isSafeInteger(count) && count >= 0) return count
  throw new RangeError(`--${option} ${text}: expected a whole number that is not negative`)
}

function selectNames(): readonly string[] {
  const all = fs
    .readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
  const unknown = positionals.filter((name) => !all.includes(name))
  if (unknown.length > 0) throw new RangeError(`no fuzz named ${unknown.join(', ')}: expected ${all.join(', ')}`)
  return positionals.length > 0 ? positionals : all
}

async function run(name: string): Promise<boolean> {
  const fuzz = await load(name)
  const startedMs = performance.now()
  const seconds = (): string => ((performance.now() - startedMs) / 1000).toFixed(1)
  const progress = (line: string): void => {
    if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${line}`)
  }
  const onRound = (round: number): void => {
    if ((round + 1) % PROGRESS_ROUNDS === 0) progress(`${name}: ${round + 1} of ${rounds} rounds, ${seconds()} s`)
  }
  console.log(`${name}: ${rounds} rounds from seed ${seed}`)
  try {
    await fuzz({ rounds, seed, onRound })
    progress('')
    console.log(`${name}: good after ${seconds()} s`)
    return true
  } catch (error) {
    progress('')
    console.error(`${name}: FAILED after ${seconds()} s`, error)
    return false
  }
}

async function load(name: string): Promise<Fuzz> {
  const exports: unknown = await import(path.join(import.meta.dirname, `${name}${SUFFIX}`))
  for (const [key, value] of Object.entries(exports ?? {})) {
    // The module's own type is checked where its test calls it; a name is all that is known here.
    if (key.startsWith('fuzz') && typeof value === 'function') return value as Fuzz
  }
  throw new TypeError(`${name}${SUFFIX} exports no function with a name that begins with "fuzz"`)
}
