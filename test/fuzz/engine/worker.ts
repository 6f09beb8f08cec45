/** The thread in which a search runs: whatever it does, the main thread can end it and knows its last input. */
import fs from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { TARGETS } from '../targets.ts'
import { parseCases, readCorpus } from './case-file.ts'
import { distil } from './distil.ts'
import { createCoverage } from './coverage.ts'
import { type MemorySample, createMemoryProbe } from './memory.ts'
import { knownCases, search } from './search.ts'
import { type WorkerOrder, type WorkerReport, lastInput } from './shared-input.ts'

/** Rounds between two measurements of memory. */
const SAMPLE_STRIDE = 50_000

const order: WorkerOrder = workerData
const target = TARGETS.find(({ name }) => name === order.target)
if (target === undefined) throw new Error(`no target named ${order.target}`)
const note = lastInput(order.shared)
const measure = createMemoryProbe()
const startedMs = performance.now()
const samples: MemorySample[] = []
const corpus =
  order.onlyFile === undefined
    ? readCorpus(order.corpusFolder, target.format)
    : parseCases(fs.readFileSync(order.onlyFile, 'utf8'), target.format)
const coverage = order.isDistilling ? createCoverage() : undefined
let slowestMs = 0
let lastMs = startedMs

const result = search(target, {
  rounds: order.rounds,
  seed: order.seed,
  corpus,
  onInput: (round, checkSeed, input) => {
    const now = performance.now()
    slowestMs = Math.max(slowestMs, now - lastMs)
    note.write(round, checkSeed, input)
    // The first rounds compile and fill the pool; what memory does after them is what counts.
    if (round % SAMPLE_STRIDE === SAMPLE_STRIDE >> 1) samples.push(measure())
    lastMs = performance.now()
    return now - startedMs > order.maxMs
  },
})
samples.push(measure())
const { failure, found, ...figures } = result
const report: WorkerReport = {
  ...figures,
  slowestMs,
  samples,
  seconds: (performance.now() - startedMs) / 1000,
  kept: found.length,
  distilled:
    coverage === undefined || failure !== undefined
      ? []
      : distil(target, knownCases(target, corpus), { found, coverage }),
  failure: failure && { found: failure.found, error: describe(failure.error) },
}
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows, this is a thread
parentPort?.postMessage(report)

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
