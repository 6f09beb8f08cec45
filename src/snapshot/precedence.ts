import type { Match, PathMatch } from '../model/match.ts'
import type { Route, Rule } from '../model/route.ts'
import type { Precedence } from './snapshot.ts'

/**
 * RegularExpression stands between the two because Gateway API leaves its place open: a pattern is more deliberate
 * than a prefix and less precise than a whole path.
 */
const pathOrder: Readonly<Record<PathMatch['type'], number>> = { Exact: 0, RegularExpression: 1, PathPrefix: 2 }

/** Where a match of a rule of a route stands (HTTPRouteRule.matches, "precedence"; hostnames mean nothing in a mesh). */
export const compilePrecedence = (match: Match, rule: Rule, route: Route): Precedence => ({
  pathType: pathOrder[match.path.type],
  pathLength: match.path.value === '/' ? 1 : match.path.value.length,
  hasMethod: match.method !== undefined,
  headers: match.headers.length,
  queryParams: match.queryParams.length,
  createdAtMs: route.createdAtMs ?? Infinity,
  route: `${route.namespace}/${route.name}`,
  rule: rule.index,
})

/** For sorting: negative when `a` takes precedence, positive when `b` does, 0 for two matches of one rule that tie. */
export const comparePrecedence = (a: Precedence, b: Precedence): number =>
  a.pathType - b.pathType ||
  b.pathLength - a.pathLength ||
  Number(b.hasMethod) - Number(a.hasMethod) ||
  b.headers - a.headers ||
  b.queryParams - a.queryParams ||
  compareAge(a.createdAtMs, b.createdAtMs) ||
  compareText(a.route, b.route) ||
  a.rule - b.rule

/** `Exact path (9 characters), method, 2 headers, 1 query parameter`. */
export const formatRank = (match: Match): string => {
  const { path, method, headers, queryParams } = match
  const parts = [`${path.type} path (${count(path.value.length, 'character')})`]
  if (method !== undefined) parts.push('method')
  if (headers.length > 0) parts.push(count(headers.length, 'header'))
  if (queryParams.length > 0) parts.push(count(queryParams.length, 'query parameter'))
  return parts.join(', ')
}

// Not a subtraction: Infinity minus Infinity is NaN.
const compareAge = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1)

// By code unit, not by locale: every replica must come to the same order.
const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`
