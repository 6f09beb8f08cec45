/**
 * `npm run fuzz`: every target or those named, one after the other, until the rounds or the minutes are over or a promise is
 * broken. A failing input is made small and kept.
 */
import fs from 'node:fs'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { readToolOptions } from '../bench/support/read-tool-options.ts'
import { formatCase } from './engine/case-file.ts'
import { type WorkerOrder, type WorkerReport, lastInput, sharedInputMemory } from './engine/shared-input.ts'
import type { FuzzCase, FuzzTarget } from './engine/target.ts'
import { formatFuzzUsage, parseFuzzOptions, type FuzzOptions } from './options.ts'
import { TARGETS } from './targets.ts'

/** Nothing that we parse may take longer: no input is larger than 64 KiB. */
const HANG_MS = 10_000
/** A search whose heap passes this has lost hold of something. */
const HEAP_LIMIT_MIB = 512
/** What the heap may grow between the first measurement, taken warm, and the last. */
const GROWTH_LIMIT_MIB = 16
const TICK_MS = 500
const FOUND_NOTE = '# Found by chance, and kept because each one runs code that none before it does.'

const EXIT_FAILED = 1

const main = async (): Promise<void> => {
  const targets = TARGETS.map(({ name }) => name)
  const options = readToolOptions(
    (argv) => parseFuzzOptions(argv, { targets, anySeed: Date.now() % 2 ** 31 }),
    formatFuzzUsage(targets),
  )
  if (options === undefined) return
  const wanted = TARGETS.filter(({ name }) => options.targets.length === 0 || options.targets.includes(name))
  for (const target of wanted) if (!(await fuzz(target, options))) process.exitCode = EXIT_FAILED
}

/** Runs one target to its end; false when it failed. */
async function fuzz(target: FuzzTarget, options: FuzzOptions): Promise<boolean> {
  const { name } = target
  const { repeatFile, rounds, seed } = options
  console.log(`${name}: ${repeatFile ?? `${rounds} rounds from seed ${seed}`}`)
  const report = await search(target, options)
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
async function search(target: FuzzTarget, options: FuzzOptions): Promise<WorkerReport | Death> {
  const { rounds, seed, maxMs, isDistilling } = options
  const shared = sharedInputMemory(1 << 20)
  const corpusFolder = path.join(import.meta.dirname, 'corpus', target.name)
  const order: WorkerOrder = {
    ...{ target: target.name, rounds, seed, corpusFolder, shared },
    ...{ onlyFile: options.repeatFile, isDistilling, maxMs },
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

await main()
