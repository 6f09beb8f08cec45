import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { BenchOptions } from '../options.ts'
import type { BenchDocument, SuiteReport } from '../report.ts'
import { createPerformanceFiles } from './page.ts'
import { isFresh, keepSuite, readResults, RESULTS_FILE } from './results.ts'

/** Keeps results for the page as they come, so that a run that is broken off has lost one suite at most. */
export interface Keeper {
  /** Whether a suite is still to be measured. */
  readonly wants: (suite: string) => boolean
  readonly keep: (suite: SuiteReport) => void
}

const repository = resolve(import.meta.dirname, '../../..')

/** For `--report` and `--resume`; without them everything is wanted and nothing is kept. */
export const keeperFor = (
  report: BenchOptions['report'],
  about: Pick<BenchDocument, 'machine' | 'settings'>,
  root = repository,
): Keeper => {
  const file = join(root, RESULTS_FILE)
  return {
    wants: (suite) => report !== 'missing' || !isFresh(readResults(file)[suite], about.settings, Date.now()),
    keep: (suite) => {
      if (report === 'none' || suite.cases.length === 0) return
      keepSuite(file, { ...about, date: new Date().toISOString(), suite })
      for (const { path, text } of createPerformanceFiles(root)) {
        const made = join(root, path)
        mkdirSync(dirname(made), { recursive: true })
        writeFileSync(made, text)
      }
    },
  }
}
