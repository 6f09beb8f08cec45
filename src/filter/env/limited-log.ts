import { isThrown, thrownMessage, thrownStack } from '../../lib/errors/thrown-text.ts'
import type { FilterEnv } from '../index.ts'

/** Lines of one filter in a second, in each process. */
const MAX_LINES = 100
const MAX_CHARS = 8192
const INTERVAL_MS = 1000
/** The log has more to ask for than these: to be silent, say. */
const LEVELS: readonly string[] = ['debug', 'info', 'warn', 'error'] satisfies readonly Parameters<
  FilterEnv['log']
>[0][]

/** What a filter of a user may write into the log: so many lines in a second, and long ones cut. How many were left out is told with the next one. */
export const limitLog = ({ log, now, origin }: Pick<FilterEnv, 'log' | 'now' | 'origin'>): FilterEnv['log'] => {
  let sinceMs = now()
  let lines = 0
  let leftOut = 0
  return (level, message) => {
    if (!LEVELS.includes(level)) {
      throw new TypeError(`env.log: wrong level: found ${thrownMessage(level)}, expected one of ${LEVELS.join(', ')}`)
    }
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
    const text = textOf(message)
    log(level, text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)} …` : text)
  }
}

/** Of plain JavaScript it may be anything: an error, for the most part. */
const textOf = (message: unknown): string => {
  if (typeof message === 'string') return message
  if (isThrown(message, Error) || typeof message !== 'object') return thrownStack(message)
  try {
    return thrownMessage(JSON.stringify(message))
  } catch {
    return thrownMessage(message)
  }
}
