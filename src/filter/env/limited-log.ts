import type { FilterEnv } from '../index.ts'

/** Lines of one filter in a second, in each process. */
const MAX_LINES = 100
const MAX_CHARS = 8192
const INTERVAL_MS = 1000

/** What a filter of a user may write into the log: so many lines in a second, and long ones cut. How many were left out is told with the next one. */
export const limitLog = ({ log, now, origin }: Pick<FilterEnv, 'log' | 'now' | 'origin'>): FilterEnv['log'] => {
  let sinceMs = now()
  let lines = 0
  let leftOut = 0
  return (level, message) => {
    const nowMs = now()
    // A clock that was set back begins anew.
    if (nowMs < sinceMs || nowMs - sinceMs >= INTERVAL_MS) {
      if (leftOut > 0) log('warn', `${origin}: ${leftOut} lines were left out, beyond ${MAX_LINES} in a second`)
      sinceMs = nowMs
      lines = 0
      leftOut = 0
    }
    if (lines >= MAX_LINES) return void leftOut++
    lines++
    log(level, typeof message === 'string' && message.length > MAX_CHARS ? `${message.slice(0, MAX_CHARS)} …` : message)
  }
}
