/** Directives of Cache-Control (RFC 9111 section 5.2) by name in small letters; those without an argument have the empty string. */
export type Directives = ReadonlyMap<string, string>

/** One directive: a token, and its argument as a token or as a quoted string. */
const DIRECTIVE = /^[\t ]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^",\t ]*)))?[\t ]*(?:,|$)/s
const EMPTY = /^[\t ]*(?:,|$)/
/** As RFC 9111 section 1.2.2 has it for numbers that are too large. */
const MOST_SECONDS = 2 ** 31

/** What a field that cannot be read says: that nobody should rely on it. */
export const UNREADABLE: Directives = new Map([['no-store', '']])
const NONE: Directives = new Map()

/**
 * Reads the field; what is no list of directives is `UNREADABLE`. Of a number that is given twice the
 * smaller one holds, of names of fields all.
 */
export const parseDirectives = (text: string | undefined): Directives => {
  if (text === undefined) return NONE
  const found = new Map<string, string>()
  let rest = text
  while (rest !== '') {
    const empty = EMPTY.exec(rest)
    const match = empty ?? DIRECTIVE.exec(rest)
    if (match === null) return UNREADABLE
    rest = rest.slice(match[0].length)
    const [, name, quoted, plain = ''] = match
    if (name === undefined) continue
    const key = name.toLowerCase()
    const value = quoted?.replaceAll(/\\(.)/gs, '$1') ?? plain
    const before = found.get(key)
    found.set(key, before === undefined ? value : stricter(key, before, value))
  }
  return found
}

/** Whose arguments are names of fields. */
const OF_FIELDS: ReadonlySet<string> = new Set(['no-cache', 'private'])

const stricter = (name: string, a: string, b: string): string => {
  if (a === '' || b === '') return ''
  if (OF_FIELDS.has(name)) return `${a},${b}`
  if (!isNumber(a) || !isNumber(b)) return isNumber(a) ? b : a
  return Number(a) < Number(b) ? a : b
}

const isNumber = (text: string): boolean => /^\d{1,20}$/.test(text)

/** A number of seconds, in milliseconds; `undefined` when there is none, and 0 for what is no number: it is stale. */
export const readMs = (directives: Directives, name: string): number | undefined => {
  const value = directives.get(name)
  if (value === undefined) return undefined
  return isNumber(value) ? Math.min(Number(value), MOST_SECONDS) * 1000 : 0
}

/** Names of fields in an argument: `no-cache="set-cookie"`. */
export const readNames = (directives: Directives, name: string): readonly string[] =>
  (directives.get(name) ?? '')
    .split(',')
    .map((field) => field.trim().toLowerCase())
    .filter((field) => field !== '')
