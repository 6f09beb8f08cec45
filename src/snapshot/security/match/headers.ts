import { MATCHED_COMMA, glueOf } from '../../../http/header-list.ts'
import { impliedHeaders, type RequestPart } from '../request-facts.ts'
import { compileTexts, type TextMatcher } from './texts.ts'

/**
 * How a field that stands in a request several times is compared: `joined` with commas, as Envoy does, or `each` line by
 * itself as well. Whoever refuses by what fits takes `each`: the backend may look at any of the lines.
 */
export type Repeats = 'joined' | 'each'

/** Compiles a condition about a header field; `:method`, `:path` (with its query) and `:authority` are fields too. */
export const compileHeader = (
  name: string,
  patterns: readonly string[],
  repeats: Repeats,
): ((request: RequestPart) => boolean) => {
  const fits = compileValues(name, patterns)
  const read = readerOf(name)
  return (request) => {
    const lines = read(request)
    if (lines === undefined) return false
    if (typeof lines === 'string') return fits(lines)
    return fits(join(lines, name)) || (repeats === 'each' && lines.some(fits))
  }
}

/** Compiles a condition about a field that is a list: one of the values between its commas has to fit. */
export const compileListHeader = (name: string, patterns: readonly string[]): ((request: RequestPart) => boolean) => {
  const fits = compileValues(name, patterns)
  const read = readerOf(name)
  return (request) => {
    const lines = read(request)
    const whole = lines === undefined || typeof lines === 'string' ? lines : join(lines, name)
    return whole !== undefined && (fits(whole) || whole.split(',').some((value) => fits(value.trim())))
  }
}

const join = (lines: readonly string[], name: string): string => lines.join(glueOf(name, MATCHED_COMMA))

/** Whether a policy's field is read from elsewhere than the fields of a request, or not from there alone. */
export const isReadApart = (name: string): boolean => name.startsWith(':') || apart.has(name)

/** Names of protocols have no case (RFC 9110 section 7.8). */
const compileValues = (name: string, patterns: readonly string[]): TextMatcher =>
  compileTexts(patterns, { isEmptyPresent: true, ignoreCase: name === 'upgrade' })

/** The only value of a field, or all of several; `undefined`: there is none. */
type Reader = (request: RequestPart) => string | readonly string[] | undefined

const authorityOf: Reader = ({ authority }) => (authority === '' ? undefined : authority)

const apart: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [':method', ({ method }) => method],
  [':authority', authorityOf],
  ['host', authorityOf],
  [':path', ({ path, query }) => path + query],
  [':scheme', () => 'http'],
  ...Array.from(impliedHeaders, ([name, imply]): [string, Reader] => [
    name,
    ({ headers, upgrade }) => linesOf(headers.fields, name) ?? imply(upgrade)?.split(', '),
  ]),
])

const readerOf = (name: string): Reader => apart.get(name) ?? (({ headers }) => linesOf(headers.fields, name))

const linesOf = (fields: readonly string[], name: string): string | readonly string[] | undefined => {
  let first: string | undefined
  let all: string[] | undefined
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== name) continue
    const value = fields[i + 1] ?? ''
    if (first === undefined) first = value
    else (all ??= [first]).push(value)
  }
  return all ?? first
}
