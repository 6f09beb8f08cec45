/** A piece of a time as strftime has it: text as it is, a field, or a fraction of a second of so many digits. */
export type TimePiece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'field'; readonly field: TimeField }
  | { readonly kind: 'fraction'; readonly digits: number }

/** Letters of strftime, all of UTC. `s`: seconds since the epoch. */
export const timeFields = [
  ...(['Y', 'y', 'm', 'd', 'e', 'H', 'I', 'M', 'S', 'p', 'j', 'b', 'B', 'a', 'A', 'Z', 'z', 's'] as const),
] as const

export type TimeField = (typeof timeFields)[number]

/** Shorthands for several. */
const SHORT: Readonly<Record<string, string>> = { F: '%Y-%m-%d', T: '%H:%M:%S', D: '%m/%d/%y', R: '%H:%M', h: '%b' }

/** As START_TIME is written without one. */
export const DEFAULT_TIME = '%Y-%m-%dT%H:%M:%E3SZ'

/** `%E3S` seconds with three decimals, `%3f` three decimals alone, as Envoy has them, or a letter. */
const PIECE = /%(?:E([0-9]|\*)S|E?([1-9])f|(f)|(%)|([A-Za-z]))/y

/** What a format of strftime is made of, or what in it is not known. */
export const parseTimeFormat = (
  text: string,
): { readonly ok: true; readonly pieces: readonly TimePiece[] } | { readonly ok: false; readonly found: string } => {
  const pieces: TimePiece[] = []
  let at = 0
  while (at < text.length) {
    const next = text.indexOf('%', at)
    const end = next === -1 ? text.length : next
    if (end > at) pieces.push({ kind: 'text', text: text.slice(at, end) })
    if (next === -1) break
    PIECE.lastIndex = next
    const found = PIECE.exec(text)
    const read = found === null ? undefined : readPiece(found)
    if (found === null || read === undefined) return { ok: false, found: text.slice(next, next + 3) }
    pieces.push(...read)
    at = next + found[0].length
  }
  return { ok: true, pieces }
}

const readPiece = ([, decimals, digits, all, percent, letter]: RegExpExecArray): readonly TimePiece[] | undefined => {
  if (percent !== undefined) return [{ kind: 'text', text: '%' }]
  if (all !== undefined) return [{ kind: 'fraction', digits: 9 }]
  if (digits !== undefined) return [{ kind: 'fraction', digits: Number(digits) }]
  if (decimals !== undefined) return readDecimals(decimals)
  const short = letter === undefined ? undefined : SHORT[letter]
  if (short !== undefined) {
    const whole = parseTimeFormat(short)
    return whole.ok ? whole.pieces : undefined
  }
  const field = timeFields.find((one) => one === letter)
  return field === undefined ? undefined : [{ kind: 'field', field }]
}

/** We know milliseconds. */
const readDecimals = (decimals: string): readonly TimePiece[] => {
  const digits = decimals === '*' ? 3 : Number(decimals)
  const seconds: TimePiece = { kind: 'field', field: 'S' }
  return digits === 0 ? [seconds] : [seconds, { kind: 'text', text: '.' }, { kind: 'fraction', digits }]
}
