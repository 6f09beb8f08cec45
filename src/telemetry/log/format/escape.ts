/** How values stand in lines: none of them can begin a line, leave its quotes or reach a terminal as a control sequence. */

/** Longer values (paths, user agents) are cut, so that one line stays one write. */
const MAX_VALUE_LENGTH = 8192

/** What JSON has to escape, what it leaves as it is and terminals do not, and halves of characters. */
// A class of Unicode would take twice as long as all the rest of a line.
// oxlint-disable-next-line no-control-regex
const unsafe = /["\\\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/
const controls = /[\p{Cc}\u2028\u2029]/gu
const escapeUnicode = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`

/** A value that is too long ends in `…`. */
export const cut = (value: string, maxLength = MAX_VALUE_LENGTH): string =>
  value.length > maxLength ? `${value.slice(0, maxLength)}…` : value

/** A text of JSON, with its quotes; nearly all have nothing to escape. `open` is what it begins with, the first quote included. */
export const quoteJson = (value: string, open = '"'): string =>
  unsafe.test(value) ? open + JSON.stringify(value).slice(1).replace(controls, escapeUnicode) : `${open}${value}"`

/** Within quotes of a text. */
export const quotable = (value: string): string =>
  unsafe.test(value) ? value.replace(/["\\]/g, '\\$&').replace(controls, escapeUnicode) : value

/** Outside of quotes, where a blank would shift all columns behind it (Envoy writes `_` there too). */
export const bare = (value: string): string => {
  const text = quotable(value)
  return /\s/.test(text) ? text.replace(/\s/g, '_') : text
}

/** An object as JSON, which leaves DEL, the C1 controls and Unicode's line separators as they are. */
export const quoteAll = (value: object): string => JSON.stringify(value).replace(controls, escapeUnicode)
