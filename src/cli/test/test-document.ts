import { DOCUMENT_API } from '../terminal/print-as.ts'
import type { TestRun } from './run-tests.ts'

/** What `-o json` and `-o yaml` print. */
export interface TestDocument {
  readonly apiVersion: typeof DOCUMENT_API
  readonly kind: 'WaypointTestReport'
  readonly summary: {
    readonly tests: number
    readonly failed: number
    readonly rules: number
    readonly untestedRules: readonly string[]
  }
  readonly tests: readonly TestRow[]
}

/** One test: a request of a file, or what is said of the objects as a whole. */
export interface TestRow {
  readonly file: string
  /** From 1; 0: unknown. */
  readonly line: number
  readonly what: string
  readonly request?: string
  /** Empty: it passed. */
  readonly failures: readonly string[]
}

/** The whole as one document for machines. */
export const createDocument = ({ files, coverage }: TestRun): TestDocument => {
  const tests = files.flatMap(({ file, findings, judgements }): readonly TestRow[] => [
    { file, line: 0, what: 'the objects are as they should be', failures: findings === undefined ? [] : [findings] },
    ...judgements.map(({ line, what, request, failures }) => ({ file, line, what, request, failures })),
  ])
  return {
    apiVersion: DOCUMENT_API,
    kind: 'WaypointTestReport',
    summary: {
      tests: tests.length,
      failed: tests.filter(({ failures }) => failures.length > 0).length,
      rules: coverage.rules,
      untestedRules: coverage.untested,
    },
    tests,
  }
}
