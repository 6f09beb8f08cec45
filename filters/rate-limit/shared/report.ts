import type { Limit } from '../counting/limit.ts'
import type { Used } from '../counting/local-limiter.ts'

/** Of one text, before another entry: keys are short, but may be escaped. */
const MAX_CHARS = 50_000

/** What was used, as texts that other workers read: lists of limit, key, cost and since when. */
export function* formatReports(used: Iterable<Used>, limits: readonly Limit[]): Generator<string> {
  let text = ''
  for (const { limit, key, cost, sinceMs } of used) {
    if (text.length > MAX_CHARS) {
      yield `[${text}]`
      text = ''
    }
    const entry = JSON.stringify([limits.indexOf(limit), key, Math.round(cost * 1000) / 1000, sinceMs])
    text += text === '' ? entry : `,${entry}`
  }
  if (text !== '') yield `[${text}]`
}

/** Reads one. */
export const readReport = (text: string, limits: readonly Limit[]): readonly Used[] => {
  // `formatReports` of the same version, with the same limits, has written it.
  const entries = JSON.parse(text) as readonly (readonly [limit: number, key: string, cost: number, sinceMs: number])[]
  return entries.flatMap(([index, key, cost, sinceMs]) => {
    const limit = limits[index]
    return limit === undefined ? [] : [{ limit, key, cost, sinceMs }]
  })
}
