import type { Clock } from '../../lib/clock.ts'
import type { Terminal } from '../verb.ts'
import type { Stage } from './stage.ts'
import { scene } from './stage.ts'
import { sharesOf, Tally, type Latency, type Totals } from './tally.ts'

/** Requests under way at the same time, each in a tunnel of its own. */
const CONCURRENCY = 8

/** What a bounded demo came to; the document of `--json`. */
export interface DemoReport extends Totals {
  readonly latencyMs: Latency
}

/** Sends `requests` requests, at most eight at a time; `onProgress` is told after each hundred. */
export const sendBatch = async (
  stage: Pick<Stage, 'ztunnel'>,
  options: {
    readonly requests: number
    readonly clock: Clock
    readonly isStopped: () => boolean
    readonly onProgress: (totals: Totals) => void
  },
): Promise<DemoReport> => {
  const { requests, clock } = options
  const tally = new Tally({ services: scene.services, capacity: requests })
  let sent = 0
  const lane = async (): Promise<void> => {
    while (sent < requests && !options.isStopped()) {
      const number = ++sent
      tally.add(await stage.ztunnel.send(`/hello?n=${number}`), clock.monotonicMs())
      const totals = tally.totals()
      if (totals.requests % 100 === 0) options.onProgress(totals)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, lane))
  const { requests: answered, ok, errors, backends } = tally.totals()
  // What was asked for stands first: interrupted runs answered fewer.
  return { requests: options.isStopped() ? answered : requests, ok, errors, backends, latencyMs: tally.latency() }
}

/** The report in lines for people. */
export const formatReport = (report: DemoReport): string => {
  const shares = sharesOf(report.backends)
  const backends = Object.entries(report.backends).map(
    ([name, count]) => `  ${name.padEnd(12)} ${String(count).padStart(7)}  ${formatShare(shares[name] ?? 0)}`,
  )
  const { p50, p99 } = report.latencyMs
  return [
    `${report.requests} requests: ${report.ok} answered, ${report.errors} failed`,
    ...backends,
    `  latency p50 ${formatMs(p50)}, p99 ${formatMs(p99)}`,
    '',
  ].join('\n')
}

/** A line of progress. */
export const reportProgress = (terminal: Terminal, totals: Totals): void => {
  const parts = Object.entries(totals.backends).map(([name, count]) => `${name} ${count}`)
  terminal.out.write(`${totals.requests} requests, ${totals.errors} failed: ${parts.join(', ')}\n`)
}

export const formatShare = (ratio: number): string => `${(ratio * 100).toFixed(1)} %`.padStart(7)

export const formatMs = (ms: number | null): string => (ms === null ? '–' : `${ms.toFixed(ms < 10 ? 2 : 1)} ms`)
