import { DURATION_FORM, DURATION_PATTERN, formatDuration, parseDuration } from '../duration.ts'
import * as s from '../schema.ts'

/** 24 days: about the longest time that a timer of Node can wait. */
export const LONGEST_TIMER_MS = 576 * 3_600_000

/** What a duration may be, both ends included; milliseconds. */
export interface DurationRange {
  readonly minMs?: number
  readonly maxMs?: number
}

/** A Duration (GEP-2257) in milliseconds; nothing at all (`0s`) is none of them. */
export const positiveDuration = ({ minMs = 1, maxMs = LONGEST_TIMER_MS }: DurationRange = {}): s.Schema<number> => ({
  decode: (value, path) => {
    const ms = typeof value === 'string' ? parseDuration(value) : undefined
    if (ms !== undefined && ms >= minMs && ms <= maxMs) return { ok: true, value: ms }
    const range = `from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`
    const expected = ms === undefined ? DURATION_FORM : `a duration ${range}`
    return s.failure({ message: 'wrong value', path, found: s.formatFound(value), expected })
  },
  json: { type: 'string', pattern: DURATION_PATTERN },
})

/** A field that is one of these; left out it is `defaultMs`. */
export const durationWithDefault = (defaultMs: number, range: DurationRange = {}): s.DefaultedSchema<number> =>
  s.withDefault(positiveDuration(range), defaultMs, formatDuration(defaultMs))
