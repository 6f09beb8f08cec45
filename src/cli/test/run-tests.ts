import { isFault } from '../../model/condition.ts'
import { exitCodes } from '../exit-codes.ts'
import { compileOffline } from '../offline/compile-offline.ts'
import { loadModel, type LoadedModel, type OfflineOptions } from '../offline/load-model.ts'
import { CliError } from '../verb.ts'
import { findUntested, type Coverage } from './find-untested.ts'
import { judgeRequest, type Judgement } from './judge-request.ts'
import { readTests, type FoundTest } from './read-tests.ts'

/** What became of one file's test. */
export interface TestedFile {
  readonly file: string
  /** What is wrong with the objects otherwise than expected. */
  readonly findings: string | undefined
  readonly judgements: readonly (Judgement & { readonly line: number })[]
}

/** What became of all of them. */
export interface TestRun {
  readonly files: readonly TestedFile[]
  readonly coverage: Coverage
}

/** Runs the tests among some files on the objects among them. Throws `CliError` (65) when there are none. */
export const runTests = async (paths: readonly string[], options: OfflineOptions): Promise<TestRun> => {
  const tests = readTests(paths, options.cwd)
  if (tests.length === 0) {
    throw new CliError(exitCodes.badInput, 'there is no WaypointTest among the files', {
      next: 'write one (docs/concepts/testing-configuration.md), or name its file beside those of the objects: -f objects/ -f test.yaml',
    })
  }
  const found = await loadModel(paths, options)
  const files: TestedFile[] = []
  for (const test of tests) files.push(await runTest(test, found, options.mesh.clusterDomain))
  const explanations = files.flatMap(({ judgements }) => judgements.map(({ explanation }) => explanation))
  return { files, coverage: findUntested(found.model, explanations) }
}

/** Each request has filters of its own: what one was counted for is nothing to the next. */
const runTest = async (test: FoundTest, found: LoadedModel, clusterDomain: string): Promise<TestedFile> => {
  const nowMs = test.now === undefined ? Date.now() : Date.parse(test.now)
  const judgements: TestedFile['judgements'][number][] = []
  for (const [index, request] of test.requests.entries()) {
    const snapshot = compileOffline(found.model, { now: () => nowMs, random: () => 0 })
    const line = test.locate(`requests[${index}]`)?.line ?? 0
    const judgement = await judgeRequest(snapshot, request, clusterDomain).catch((error: unknown) => {
      throw error instanceof CliError ? placeError(error, `${test.file}:${line}`) : error
    })
    judgements.push({ ...judgement, line })
  }
  return { file: test.file, findings: compareFindings(test, found), judgements }
}

/** What is no request is a fault of the file, not of the command line. */
const placeError = ({ message, next }: CliError, place: string): CliError =>
  new CliError(exitCodes.badInput, `${place}: ${message}`, { next })

const compareFindings = (
  { findings: expected }: FoundTest,
  { loaded, conditions }: LoadedModel,
): string | undefined => {
  // What has come to its end is as it was meant to be; and a test should not fail from some day on.
  const faults = conditions.filter(isFault)
  const findings = faults.length + loaded.issues.length
  if (findings === expected) return undefined
  const first = faults[0]?.message ?? loaded.issues[0]?.message
  const example = first === undefined ? '' : `, the first: ${first}`
  return `${findings} things are wrong with the objects, expected ${expected}${example}; fairway waypoint status tells all`
}
