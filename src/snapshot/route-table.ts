import { prefixKey } from './match.ts'
import { comparePrecedence } from './precedence.ts'
import type { MatchPlan, MatchRequest, NoMatch, RoutePlan, RouteTable } from './snapshot.ts'

const SLASH = 47

/** Merges the matches of a route set into one table. Two matches of one rule that tie keep their order. */
export const compileRouteTable = (routes: readonly RoutePlan[]): RouteTable => {
  const entries = routes
    .flatMap((route) => route.matches)
    .toSorted((a, b) => comparePrecedence(a.precedence, b.precedence))
  const exact = new Map<string, MatchPlan[]>()
  const prefixes = new Map<string, MatchPlan[]>()
  const regexes: MatchPlan[] = []
  for (const entry of entries) {
    const { path } = entry.match
    if (path.type === 'Exact') append(exact, path.value, entry)
    else if (path.type === 'PathPrefix') append(prefixes, prefixKey(path.value), entry)
    else regexes.push(entry)
  }
  const lengths = new Set(Array.from(prefixes.keys(), (prefix) => prefix.length))
  const prefixLengths = [...lengths].toSorted((a, b) => b - a)
  return { routes, entries, exact, regexes, prefixes, prefixLengths, noMatch: { kind: 'no-match' } }
}

/**
 * The entry with the highest precedence that fits. The indexes are walked in the order of precedence (Exact, regular
 * expressions, prefixes from the longest), so the first that fits is the answer a scan of `entries` would give.
 */
export const findMatch = (table: RouteTable, request: MatchRequest): MatchPlan | NoMatch => {
  const exact = table.exact.get(request.path)
  return (
    (exact === undefined ? undefined : firstFit(exact, request, 1)) ??
    firstFit(table.regexes, request, 0) ??
    findPrefix(table, request) ??
    table.noMatch
  )
}

/** Whether all fields of a match hold. */
export const fitsMatch = (plan: MatchPlan, request: MatchRequest): boolean => fitsFrom(plan, request, 0)

// Only lengths that occur are cut out of the path: a request of thousands of slashes costs no more than the table has.
const findPrefix = (table: RouteTable, request: MatchRequest): MatchPlan | undefined => {
  const { path } = request
  for (const length of table.prefixLengths) {
    if (length > path.length) continue
    if (length === path.length ? length === 0 : path.charCodeAt(length) !== SLASH) continue
    const candidates = table.prefixes.get(path.slice(0, length))
    const found = candidates === undefined ? undefined : firstFit(candidates, request, 1)
    if (found !== undefined) return found
  }
  return undefined
}

const firstFit = (plans: readonly MatchPlan[], request: MatchRequest, firstField: number): MatchPlan | undefined => {
  for (const plan of plans) if (fitsFrom(plan, request, firstField)) return plan
  return undefined
}

const fitsFrom = (plan: MatchPlan, request: MatchRequest, firstField: number): boolean => {
  const { fields } = plan
  for (let i = firstField; i < fields.length; i++) if (fields[i]?.holds(request) === false) return false
  return true
}

const append = (map: Map<string, MatchPlan[]>, key: string, plan: MatchPlan): void => {
  const plans = map.get(key)
  if (plans === undefined) map.set(key, [plan])
  else plans.push(plan)
}
