import { claimValues, type VerifiedToken } from '../filter/verified-token.ts'
import { MATCHED_COMMA } from '../http/header-list.ts'
import { compileRe2 } from '../lib/regex/compile-re2.ts'
import { HIDDEN, isSecretName } from '../lib/secrets/hide-secrets.ts'
import type { Match, ValueMatch } from '../model/match.ts'
import { impliedHeaders } from './security/request-facts.ts'
import type { MatchPatterns, MatchPlan, MatchRequest, Pattern } from './snapshot.ts'

/** What of a match has to be compiled, or why it cannot be tried. */
export type CompiledMatch = { readonly patterns: MatchPatterns | undefined } | { readonly failure: string }

/** Compiles a regular expression; throws for a bad one. */
export type CompileRegex = (pattern: string) => Pattern

/** A condition of a match, for people. */
export interface MatchField {
  /** `path`, `method`, `header x-user`, `query parameter animal`. */
  readonly name: string
  /** `PathPrefix /shop`. */
  readonly wanted: string
}

/** What `findMisfit` says when every condition holds. */
export const FITS = -1
const PATH = 0
const METHOD = 1
const FIRST_VALUE = 2

/**
 * Compiles patterns with a linear-time engine in RE2's dialect, anchored at both ends as Envoy does. Equal patterns
 * share one program for as long as the result is kept.
 */
export const createRegexCompiler = (): CompileRegex => {
  const compiled = new Map<string, Pattern>()
  return (pattern) => {
    const known = compiled.get(pattern)
    if (known !== undefined) return known
    const program = compileRe2(pattern)
    const fits = (text: string): boolean => program.testExact(text)
    compiled.set(pattern, fits)
    return fits
  }
}

const isPattern = ({ type }: { readonly type: string }): boolean => type === 'RegularExpression'

/** Whether there are regular expressions in it. */
export const needsPatterns = ({ path, headers, queryParams }: Match): boolean =>
  isPattern(path) || headers.some(isPattern) || queryParams.some(isPattern)

/** Compiles the regular expressions of a match; most have none, and nothing to be kept for them. */
export const compileMatch = (match: Match, regex: CompileRegex): CompiledMatch => {
  if (!needsPatterns(match)) return { patterns: undefined }
  const { path, headers, queryParams } = match
  const compile = (field: { readonly type: string; readonly value: string }): Pattern | undefined =>
    isPattern(field) ? regex(field.value) : undefined
  try {
    return { patterns: { path: compile(path), headers: headers.map(compile), queryParams: queryParams.map(compile) } }
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) }
  }
}

/**
 * The first condition of a match that a request does not fulfil, or `FITS`: the path first, and the cheap ones before
 * the dear ones. `describeField` says what the number means.
 */
export const findMisfit = (plan: MatchPlan, request: MatchRequest): number =>
  fitsPath(plan, request.path) ? findMisfitBeyondPath(plan, request) : PATH

/** As `findMisfit`, for a request whose path is known to be the exact path or below the prefix that the match has. */
export const findMisfitBeyondPath = (plan: MatchPlan, request: MatchRequest): number => {
  const { match, patterns } = plan
  const { headers, queryParams, method } = match
  if (plan.failure !== undefined || (patterns?.path !== undefined && !patterns.path(request.path))) return PATH
  if (method !== undefined && method !== request.method) return METHOD
  for (let i = 0; i < headers.length; i++) {
    const header = headers[i]
    if (header === undefined) break
    const { claim } = header
    const pattern = patterns?.headers[i]
    const fits =
      claim === undefined
        ? fitsValue(header, findHeader(request, header.name), pattern)
        : fitsClaim(header, request.token, claim, pattern)
    if (!fits) return FIRST_VALUE + i
  }
  for (let i = 0; i < queryParams.length; i++) {
    const param = queryParams[i]
    if (param === undefined) break
    if (!fitsValue(param, findQueryParam(request.query, param.name), patterns?.queryParams[i])) {
      return FIRST_VALUE + headers.length + i
    }
  }
  return FITS
}

/** A condition by the number that `findMisfit` gave. */
export const describeField = ({ match, failure }: MatchPlan, field: number): MatchField => {
  const path = `${match.path.type} ${match.path.value}`
  if (failure !== undefined) return { name: 'invalid match', wanted: `${path}: ${failure}` }
  if (field === METHOD) return { name: 'method', wanted: match.method ?? '' }
  const header = match.headers[field - FIRST_VALUE]
  if (header?.claim !== undefined) {
    return { name: `claim ${header.claim.join('.')} of a verified token`, wanted: `${header.type} ${header.value}` }
  }
  if (header !== undefined) return { name: `header ${header.name}`, wanted: describeValue(header) }
  const param = match.queryParams[field - FIRST_VALUE - match.headers.length]
  if (param !== undefined) return { name: `query parameter ${param.name}`, wanted: describeValue(param) }
  return { name: 'path', wanted: path }
}

/** Whether `path` is `prefix` or stands below it, element by element; `prefix` is without trailing slash, `/` as ''. */
export const hasPathPrefix = (path: string, prefix: string): boolean =>
  path.startsWith(prefix) && (path.length === prefix.length ? prefix !== '' : path.charCodeAt(prefix.length) === 47)

/** The form in which prefixes are compared: `/` is the empty string. */
export const prefixKey = (prefix: string): string => (prefix === '/' ? '' : prefix)

/** A header as routes see it, its lines joined by `,`. */
export const findHeader = ({ headers, upgrade }: MatchRequest, name: string): string | undefined =>
  headers.joinedLower(name, MATCHED_COMMA) ?? impliedHeaders.get(name)?.(upgrade)

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

const fitsPath = ({ match: { path } }: MatchPlan, found: string): boolean => {
  switch (path.type) {
    case 'Exact':
      return found === path.value
    case 'PathPrefix':
      return hasPathPrefix(found, prefixKey(path.value))
    case 'RegularExpression':
      // With the rest: its program is among the patterns.
      return true
  }
}

const fitsValue = ({ value }: ValueMatch, found: string | undefined, pattern: Pattern | undefined): boolean =>
  found !== undefined && (pattern === undefined ? found === value : pattern(found))

/** One of several texts is enough (JWT claim based routing). */
const fitsClaim = (
  { value }: ValueMatch,
  token: VerifiedToken | undefined,
  names: readonly string[],
  pattern: Pattern | undefined,
): boolean => {
  if (token === undefined) return false
  const found = claimValues(token, names)
  return pattern === undefined ? found.includes(value) : found.some(pattern)
}

/** For people, who may see why a route did not match but not the key that it wants. */
const describeValue = ({ type, name, value }: ValueMatch): string => `${type} ${isSecretName(name) ? HIDDEN : value}`
