import { compileRe2 } from '../lib/regex/compile-re2.ts'
import { HIDDEN, isSecretName } from '../lib/secrets/hide-secrets.ts'
import type { Match, PathMatch, ValueMatch } from '../model/match.ts'
import type { FieldTest, MatchRequest } from './snapshot.ts'

/** The tests of a match, or why it cannot be tried. */
export type CompiledMatch = { readonly fields: readonly FieldTest[] } | { readonly failure: string }

/** Whether the whole of a text fits a regular expression; throws for a bad pattern. */
export type CompileRegex = (pattern: string) => (text: string) => boolean

/**
 * Compiles patterns with a linear-time engine in RE2's dialect, anchored at both ends as Envoy does. Equal patterns
 * share one program for as long as the result is kept.
 */
export const createRegexCompiler = (): CompileRegex => {
  const compiled = new Map<string, (text: string) => boolean>()
  return (pattern) => {
    const known = compiled.get(pattern)
    if (known !== undefined) return known
    const program = compileRe2(pattern)
    const fits = (text: string): boolean => program.testExact(text)
    compiled.set(pattern, fits)
    return fits
  }
}

/** Makes one test per field of a match, the path first and the cheap ones before the dear ones. */
export const compileMatch = (match: Match, regex: CompileRegex): CompiledMatch => {
  try {
    const fields = [compilePath(match.path, regex)]
    if (match.method !== undefined) fields.push(compileMethod(match.method))
    for (const header of firstOfEachName(match.headers)) fields.push(compileHeader(header, regex))
    for (const param of firstOfEachName(match.queryParams)) fields.push(compileQueryParam(param, regex))
    return { fields }
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) }
  }
}

/** Whether `path` is `prefix` or stands below it, element by element; `prefix` is without trailing slash, `/` as ''. */
export const hasPathPrefix = (path: string, prefix: string): boolean =>
  path.startsWith(prefix) && (path.length === prefix.length ? prefix !== '' : path.charCodeAt(prefix.length) === 47)

/** The form in which prefixes are compared: `/` is the empty string. */
export const prefixKey = (prefix: string): string => (prefix === '/' ? '' : prefix)

/**
 * The first value of a query parameter, `undefined` when it is not there. Compared as written, as Envoy does: nothing is
 * percent-decoded and `+` is a plus. `?a` has the value ''. `query` begins with `?` or is empty.
 */
export const findQueryParam = (query: string, name: string): string | undefined => {
  let start = 1
  while (start < query.length) {
    const ampersand = query.indexOf('&', start)
    const end = ampersand === -1 ? query.length : ampersand
    if (query.startsWith(name, start)) {
      const after = start + name.length
      if (after === end) return ''
      if (after < end && query.charCodeAt(after) === 61) return query.slice(after + 1, end)
    }
    start = end + 1
  }
  return undefined
}

const compilePath = (path: PathMatch, regex: CompileRegex): FieldTest => ({
  name: 'path',
  wanted: `${path.type} ${path.value}`,
  holds: compilePathTest(path, regex),
})

const compilePathTest = (path: PathMatch, regex: CompileRegex): FieldTest['holds'] => {
  switch (path.type) {
    case 'Exact': {
      const { value } = path
      return (request) => request.path === value
    }
    case 'PathPrefix': {
      const prefix = prefixKey(path.value)
      return (request) => hasPathPrefix(request.path, prefix)
    }
    case 'RegularExpression': {
      const fits = regex(path.value)
      return (request) => fits(request.path)
    }
  }
}

const compileMethod = (method: string): FieldTest => ({
  name: 'method',
  wanted: method,
  holds: (request) => request.method === method,
})

const compileHeader = (header: ValueMatch, regex: CompileRegex): FieldTest => {
  const fits = compileValue(header, regex)
  return {
    name: `header ${header.name}`,
    wanted: describeValue(header),
    holds: (request) => {
      const value = request.headers.getLower(header.name)
      return value !== undefined && fits(value)
    },
  }
}

const compileQueryParam = (param: ValueMatch, regex: CompileRegex): FieldTest => {
  const fits = compileValue(param, regex)
  return {
    name: `query parameter ${param.name}`,
    wanted: describeValue(param),
    holds: (request: MatchRequest) => {
      const value = findQueryParam(request.query, param.name)
      return value !== undefined && fits(value)
    },
  }
}

/** For people, who may see why a route did not match but not the key that it wants. */
const describeValue = ({ type, name, value }: ValueMatch): string => `${type} ${isSecretName(name) ? HIDDEN : value}`

const compileValue = (match: ValueMatch, regex: CompileRegex): ((text: string) => boolean) => {
  if (match.type === 'RegularExpression') return regex(match.value)
  const { value } = match
  return (text) => text === value
}

// HTTPHeaderMatch.name: of entries with an equivalent name only the first counts.
const firstOfEachName = (matches: readonly ValueMatch[]): readonly ValueMatch[] =>
  matches.filter((match, index) => matches.findIndex((other) => other.name === match.name) === index)
