/**
 * `npm run fuzz -- [target …] [--rounds 100000] [--seed 7] [--minutes 10] [--repeat file]`: every target
 * or those named, one after the other, until the rounds or the minutes are over or a promise is broken. Without a seed
 * each run takes a new one and prints it. A failing input is made small and written to `test/fuzz/failures/`. With
 * `--distil` the few inputs that reached what no corpus file does are written to `corpus/TARGET/found.txt`.
 */
import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { formatCase } from './engine/case-file.ts'
import { type WorkerOrder, type WorkerReport, lastInput, sharedInputMemory } from './engine/shared-input.ts'
import type { FuzzCase, FuzzTarget } from './engine/target.ts'
import { TARGETS } from './targets.ts'

const DEFAULT_ROUNDS = 100_000
/** Nothing that we parse may take longer: no input is larger than 64 KiB. */
const HANG_MS = 10_000
/** A search whose heap passes this has lost hold of something. */
const HEAP_LIMIT_MIB = 512
/** What the heap may grow between the first measurement, taken warm, and the last. */
const GROWTH_LIMIT_MIB = 16
const TICK_MS = 500
const FOUND_NOTE = '# Found by chance, and kept because each one runs code that none before it does.'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    seed: { type: 'string' },
    minutes: { type: 'string' },
    repeat: { type: 'string' },
    distil: { type: 'boolean', default: false },
  },
})
const rounds = values.repeat === undefined ? readCount('rounds', values.rounds, DEFAULT_ROUNDS) : 0
const seed = readCount('seed', values.seed, Date.now() % 2 ** 31)
const minutes = readCount('minutes', values.minutes, Number.MAX_SAFE_INTEGER)

let failures = 0
for (const target of selectTargets()) if (!(await fuzz(target))) failures += 1
process.exitCode = failures === 0 ? 0 : 1

function readCount(option: string, text: string | undefined, fallback: number): number {
  const count = Number(text ?? fallback)
  if (Number.isSafeInteger(count) && count >= 0) return count
  throw new RangeError(`--${option} ${text}: expected a whole number that is not negative`)
}

function selectTargets(): readonly FuzzTarget[] {
  const unknown = positionals.filter((name) => !TARGETS.some((target) => target.name === name))
  const known = TARGETS.map(({ name }) => name).join(', ')
  if (unknown.length > 0) throw new RangeError(`no target named ${unknown.join(', ')}: expected some of ${known}`)
  if (values.repeat !== undefined && positionals.length !== 1)
    throw new RangeError('--repeat needs the one target that the file belongs to')
  return positionals.length === 0 ? TARGETS : TARGETS.filter(({ name }) => positionals.includes(name))
}

/** Runs one target to its end; false when it failed. */
async function fuzz(target: FuzzTarget): Promise<boolean> {
  const { name } = target
  console.log(`${name}: ${values.repeat ?? `${rounds} rounds from seed ${seed}`}`)
  const report = await search(target)
  showProgress('')
  if ('found' in report) return fail(target, report.found, report.why)
  if (report.failure !== undefined) {
    // The way through a message port makes plain bytes of a Buffer.
    const { found, error } = report.failure
    return fail(target, { ...found, input: Buffer.from(found.input) }, error)
  }
  console.log(`${name}: good. ${formatFigures(report)}`)
  if (report.distilled.length > 0) writeFound(target, report.distilled)
  const [first, last] = [report.samples[0], report.samples.at(-1)]
  const growthMib = (last?.heapMib ?? 0) - (first?.heapMib ?? 0)
  if (growthMib <= GROWTH_LIMIT_MIB) return true
  console.error(`${name}: FAILED: the heap has grown by ${growthMib.toFixed(1)} MiB, allowed are ${GROWTH_LIMIT_MIB}`)
  return false
}

interface Death {
  readonly found: FuzzCase
  readonly why: string
}

/** The search in a thread of its own, watched: one input that takes longer than `HANG_MS` ends it. */
async function search(target: FuzzTarget): Promise<WorkerReport | Death> {
  const shared = sharedInputMemory(1 << 20)
  const corpusFolder = path.join(import.meta.dirname, 'corpus', target.name)
  const order: WorkerOrder = {
    ...{ target: target.name, rounds, seed, corpusFolder, shared },
    onlyFile: values.repeat,
    isDistilling: values.distil,
    maxMs: minutes * 60_000,
  }
  const worker = new Worker(path.join(import.meta.dirname, 'engine/worker.ts'), {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_LIMIT_MIB },
  })
  const input = lastInput(shared)
  const { promise, resolve } = Promise.withResolvers<WorkerReport | Death>()
  worker.on('message', resolve)
  worker.on('exit', (code) => resolve({ found: input.read(), why: `the thread ended with code ${code}` }))
  worker.on('error', (error) => resolve({ found: input.read(), why: String(error) }))
  const startedMs = performance.now()
  let count = -1
  let movedMs = startedMs
  const timer = setInterval(() => {
    const now = performance.now()
    if (input.count() !== count) movedMs = now
    count = input.count()
    showProgress(`${target.name}: ${input.round()} of ${rounds} rounds, ${((now - startedMs) / 1000).toFixed(0)} s`)
    if (now - movedMs > HANG_MS) resolve({ found: input.read(), why: `no end after ${HANG_MS} ms` })
  }, TICK_MS)
  const report = await promise
  clearInterval(timer)
  await worker.terminate()
  return report
}

function showProgress(line: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${line}`)
}

function fail(target: FuzzTarget, found: FuzzCase, why: string): false {
  const folder = path.join(import.meta.dirname, 'failures')
  fs.mkdirSync(folder, { recursive: true })
  const file = path.join(folder, `${target.name}-${found.seed}.txt`)
  fs.writeFileSync(file, formatCase(found, target))
  const shown = path.relative(process.cwd(), file)
  console.error(`${target.name}: FAILED with ${found.input.length} bytes: ${why}`)
  console.error(`Repeat it with: npm run fuzz -- ${target.name} --repeat ${shown}`)
  return false
}

function writeFound(target: FuzzTarget, cases: readonly FuzzCase[]): void {
  const folder = path.join(import.meta.dirname, 'corpus', target.name)
  fs.mkdirSync(folder, { recursive: true })
  const texts = cases.map((item) => formatCase({ ...item, input: Buffer.from(item.input) }, target))
  fs.writeFileSync(path.join(folder, 'found.txt'), `${FOUND_NOTE}\n${texts.join('')}`)
}

function formatFigures(report: WorkerReport): string {
  const { samples, seconds } = report
  const peak = (pick: (sample: WorkerReport['samples'][number]) => number): string =>
    Math.max(...samples.map(pick)).toFixed(1)
  const [first, last] = [samples[0], samples.at(-1)]
  return [
    `${report.rounds} inputs, ${(report.bytes / 1e6).toFixed(0)} MB, in ${seconds.toFixed(0)} s`,
    `(${(report.rounds / seconds).toFixed(0)} inputs/s, slowest ${report.slowestMs.toFixed(0)} ms);`,
    `${report.outcomes} outcomes, ${report.kept} inputs kept;`,
    `heap ${first?.heapMib.toFixed(1)} to ${last?.heapMib.toFixed(1)} MiB, peak ${peak((sample) => sample.heapMib)};`,
    `RSS ${first?.rssMib.toFixed(0)} to ${last?.rssMib.toFixed(0)} MiB, peak ${peak((sample) => sample.rssMib)}`,
  ].join(' ')
}
