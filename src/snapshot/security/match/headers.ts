import type { RequestPart } from '../request-facts.ts'
import { compileTexts } from './texts.ts'

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
  const fits = compileTexts(patterns, { isEmptyPresent: true })
  switch (name) {
    case ':method':
      return ({ method }) => fits(method)
    case ':authority':
    case 'host':
      return ({ authority }) => fits(authority === '' ? undefined : authority)
    case ':path':
      return ({ path, query }) => fits(path + query)
    case ':scheme':
      return () => fits('http')
    default:
      return ({ headers }) => {
        const lines = linesOf(headers.fields, name)
        if (lines === undefined) return false
        if (typeof lines === 'string') return fits(lines)
        return fits(lines.join(',')) || (repeats === 'each' && lines.some(fits))
      }
  }
}

/** Compiles a condition about a field that is a list: one of the values between its commas has to fit. */
export const compileListHeader = (name: string, patterns: readonly string[]): ((request: RequestPart) => boolean) => {
  const fits = compileTexts(patterns, { isEmptyPresent: true })
  return ({ headers }) => {
    const whole = headers.getLower(name)
    return whole !== undefined && (fits(whole) || whole.split(',').some((value) => fits(value.trim())))
  }
}

/** The only value of a field, or all of several. */
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
