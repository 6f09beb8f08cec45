import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../../lib/clock.ts'
import { exitCodes } from '../exit-codes.ts'
import { CliError, type Output } from '../verb.ts'
import { levels, type Level } from './check.ts'
import { cleanText } from './clean-text.ts'
import { formatCounts } from './format-report.ts'
import type { Mesh } from './mesh/mesh.ts'
import { runChecks, type Report, type Suppression } from './run-checks.ts'

/** Reads the cluster once. */
export type Look = () => Promise<Mesh>

export interface Waiting {
  readonly look: Look
  readonly suppressions: readonly Suppression[]
  /** What it waits for is that nothing is found at this level or above. */
  readonly threshold: Level
  /** For how long; 0: it looks once, and does not wait. */
  readonly timeoutMs: number
}

export interface Surroundings {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Told each time the state changes. */
  readonly err: Pick<Output, 'write'>
  /** Between two looks in milliseconds; default 2000. */
  readonly pauseMs?: number
}

/** The last look; `isLate` when it still was not fine as the time was over. */
export interface Looked {
  readonly mesh: Mesh
  readonly report: Report
  readonly isLate: boolean
}

/** Looks until nothing is found any more, or the time is over. */
export const lookUntilFine = async (
  { look, suppressions, threshold, timeoutMs }: Waiting,
  { clock, signal, err, pauseMs = 2000 }: Surroundings,
): Promise<Looked> => {
  const untilMs = clock.monotonicMs() + timeoutMs
  let told = ''
  for (;;) {
    const isLast = clock.monotonicMs() + pauseMs > untilMs || signal.aborted
    const seen = await lookOnce(look, isLast)
    let reason: string
    if (seen.mesh === undefined) reason = seen.why
    else {
      const report = runChecks(seen.mesh, suppressions)
      const finding = reasonOf(report, threshold)
      if (finding === undefined || timeoutMs === 0) return { mesh: seen.mesh, report, isLate: false }
      if (isLast) return { mesh: seen.mesh, report, isLate: true }
      reason = finding
    }
    if (reason !== told) err.write(`waiting: ${reason}\n`)
    told = reason
    await delay(pauseMs, undefined, { signal }).catch(() => undefined)
  }
}

type Seen = { readonly mesh: Mesh } | { readonly mesh: undefined; readonly why: string }

/** A server that cannot be reached yet is waited for as well, until the last look. */
const lookOnce = async (look: Look, isLast: boolean): Promise<Seen> => {
  try {
    return { mesh: await look() }
  } catch (error) {
    if (isLast || !(error instanceof CliError) || error.exitCode !== exitCodes.clusterUnreachable) throw error
    return { mesh: undefined, why: cleanText(error.message) }
  }
}

/** What is not fine yet: how much, and the first of it. */
const reasonOf = (report: Report, threshold: Level): string | undefined => {
  const counted = levels.slice(0, levels.indexOf(threshold) + 1)
  const [first] = report.results
    .flatMap(({ findings }) => findings)
    .toSorted((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level))
    .filter(({ level }) => counted.includes(level))
  if (first === undefined) return undefined
  const { code, object, message } = first
  const subject = object === undefined ? '' : `${object.kind} ${object.name}: `
  return `${formatCounts(report)}; ${code} ${cleanText(subject + message)}`
}
