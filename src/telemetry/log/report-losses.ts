import type { Clock } from '../../lib/clock.ts'
import { thrownMessage } from '../../lib/errors/thrown-text.ts'
import type { Logger } from '../../lib/log.ts'
import { WriteError } from './line-file.ts'

/** A disk that stays full is told of so often. */
const REPEAT_MS = 60_000

/** What it takes to tell. */
export interface LossReportOptions {
  readonly path: string
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly log: Pick<Logger, 'warn'>
}

/**
 * Says in the program's log that lines for a path are lost, and why: at once, then with what came to it once a minute. Of a
 * folder that is not there, or a file that may not be written, nothing else would show but a counter.
 */
export const reportLosses = ({ path, clock, log }: LossReportOptions): ((lines: number, error?: unknown) => void) => {
  let lost = 0
  let lastMs = -Infinity
  return (lines, error) => {
    lost += lines
    if (clock.monotonicMs() - lastMs < REPEAT_MS) return
    lastMs = clock.monotonicMs()
    const cause = error instanceof WriteError ? error.cause : error
    const why = cause === undefined ? 'nobody reads them as fast as they come' : thrownMessage(cause)
    log.warn(`lines for ${path} are lost, ${lost} so far: ${why}`, { event: 'lines-lost', path, lost })
  }
}
