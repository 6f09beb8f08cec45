/** What a duration looks like, for messages. */
export const DURATION_FORM = 'a duration like 500ms, 10s or 1m30s: whole numbers of h, m, s and ms, at most four'

/** As the Gateway API has it (GEP-2257): no sign, no fraction, no unit beside these, and no more than five digits. */
export const DURATION_PATTERN = '^([0-9]{1,5}(h|m|s|ms)){1,4}$'
const FORM = new RegExp(DURATION_PATTERN)
const PART = /([0-9]{1,5})(h|ms|m|s)/g

const UNIT_MS = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const
const isUnit = (text: string | undefined): text is keyof typeof UNIT_MS => text !== undefined && text in UNIT_MS

/**
 * Milliseconds of a duration in the form of GEP-2257: `10s`, `1m30s`, `0s`; `undefined` for anything else. A unit may
 * come twice and in any order, since the GEP lets it.
 */
export const parseDuration = (text: string): number | undefined => {
  if (!FORM.test(text)) return undefined
  let totalMs = 0
  for (const [, digits, unit] of text.matchAll(PART)) if (isUnit(unit)) totalMs += Number(digits) * UNIT_MS[unit]
  return totalMs
}

/** The shortest duration of so many whole milliseconds, largest unit first: `1m30s`; nothing at all is `0s`. */
export const formatDuration = (durationMs: number): string => {
  let leftMs = durationMs
  let text = ''
  for (const unit of ['h', 'm', 's', 'ms'] as const) {
    const count = Math.floor(leftMs / UNIT_MS[unit])
    leftMs -= count * UNIT_MS[unit]
    if (count > 0) text += `${count}${unit}`
  }
  return text === '' ? '0s' : text
}
