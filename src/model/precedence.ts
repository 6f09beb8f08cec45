import type { Match, PathMatch } from './match.ts'
import type { Route } from './route.ts'

/** A match and where it was written: all that decides which of two comes first. */
export interface Ranked {
  readonly match: Match
  readonly route: Pick<Route, 'key' | 'createdAtMs'>
  /** Position of its rule in the route. */
  readonly ruleIndex: number
}

/**
 * RegularExpression stands between the two because Gateway API leaves its place open: a pattern is more deliberate
 * than a prefix and less precise than a whole path.
 */
const pathOrder: Readonly<Record<PathMatch['type'], number>> = { Exact: 0, RegularExpression: 1, PathPrefix: 2 }

/**
 * Gateway API's order of precedence (HTTPRouteRule.matches, GRPCRouteRule.matches; hostnames mean nothing in a mesh).
 * For sorting: negative when `a` takes precedence, positive when `b` does, 0 for two matches of one rule that tie.
 */
export const comparePrecedence = (a: Ranked, b: Ranked): number =>
  compareMatches(a.match, b.match) || compareRoutes(a.route, b.route) || a.ruleIndex - b.ruleIndex

/** The part of it that goes by the routes alone: the older one, then by name. */
export const compareRoutes = (a: Ranked['route'], b: Ranked['route']): number =>
  compareAge(a.createdAtMs, b.createdAtMs) || compareText(a.key, b.key)

/** `Exact path (9 characters), method, 2 headers, 1 query parameter`. */
export const formatRank = (match: Match): string => {
  const { path, method, headers, queryParams, grpc } = match
  const parts =
    grpc === undefined
      ? [`${path.type} path (${count(path.value.length, 'character')})`]
      : [
          grpc.serviceLength === 0 ? 'any service' : `service (${count(grpc.serviceLength, 'character')})`,
          ...(grpc.methodLength === 0 ? [] : [`method (${count(grpc.methodLength, 'character')})`]),
        ]
  if (method !== undefined) parts.push('method')
  if (headers.length > 0) parts.push(count(headers.length, 'header'))
  if (queryParams.length > 0) parts.push(count(queryParams.length, 'query parameter'))
  return parts.join(', ')
}

const compareMatches = (a: Match, b: Match): number =>
  a.grpc !== undefined && b.grpc !== undefined
    ? b.grpc.serviceLength - a.grpc.serviceLength ||
      b.grpc.methodLength - a.grpc.methodLength ||
      b.headers.length - a.headers.length
    : pathOrder[a.path.type] - pathOrder[b.path.type] ||
      // A prefix is without its trailing slashes, so that `/` is one character and `/a/` two, as is meant.
      b.path.value.length - a.path.value.length ||
      Number(b.method !== undefined) - Number(a.method !== undefined) ||
      b.headers.length - a.headers.length ||
      b.queryParams.length - a.queryParams.length

// Not a subtraction: Infinity minus Infinity is NaN. A route without a time is the newest.
const compareAge = (a = Infinity, b = Infinity): number => (a === b ? 0 : a < b ? -1 : 1)

// By code unit, not by locale: every replica must come to the same order. In one set all keys begin with the same kind,
// which leaves `NAMESPACE/NAME` to decide.
const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`
