/** What was measured, suite by suite: the file from which the page about it is made. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { BenchDocument, SuiteReport } from '../report.ts'

/** One suite, and how it was measured. */
export type SuiteResult = Omit<BenchDocument, 'suites'> & { readonly suite: SuiteReport }

/** The last result of each suite. */
export type BenchResults = Readonly<Record<string, SuiteResult>>

/** Below the repository. */
export const RESULTS_FILE = 'docs/performance/results.json'

/** What a run that goes on does not measure again. */
const FRESH_MS = 12 * 3600 * 1000

/** Nothing, where there is no such file. */
export const readResults = (file: string): BenchResults => {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return {}
  }
  // Only `keepSuite` writes it.
  return JSON.parse(text) as BenchResults
}

/** Puts one suite's result in the place of the one before. */
export const keepSuite = (file: string, result: SuiteResult): void => {
  const others = Object.entries(readResults(file)).filter(([name]) => name !== result.suite.suite)
  const all = [...others, [result.suite.suite, result] as const].toSorted(([a], [b]) => (a < b ? -1 : 1))
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(all), undefined, 1)}\n`)
}

/** Whether a suite was measured with these settings within the last twelve hours, and nothing is missing of it. */
export const isFresh = (result: SuiteResult | undefined, settings: BenchDocument['settings'], nowMs: number): boolean =>
  result !== undefined &&
  result.settings.pairs === settings.pairs &&
  result.settings.seconds === settings.seconds &&
  nowMs - Date.parse(result.date) < FRESH_MS &&
  result.suite.cases.every(({ why }) => why === undefined)
