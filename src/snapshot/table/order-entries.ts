import { sortInSteps } from '../../lib/steps/sort-in-steps.ts'
import { comparePrecedence } from '../../model/precedence.ts'
import type { Ranked } from '../../model/precedence.ts'
import type { MatchPlan, RoutePlan, RouteTable } from '../snapshot.ts'

/** How much is done between two pauses. */
const STEP = 256

/**
 * All matches of a route set in the order of precedence; two of one rule that tie keep their order. What the previous
 * table has in order stays so, and the rest is sorted in runs and merged, so that nothing takes long at a time.
 */
export function* orderEntries(
  routes: readonly RoutePlan[],
  previous: RouteTable | undefined,
): Generator<void, readonly MatchPlan[]> {
  const kept = yield* keepEntries(routes, previous)
  const fresh = routes.filter(({ source }) => !kept.routes.has(source)).flatMap(({ matches }) => matches)
  return yield* sortInSteps(fresh, comparePrecedence, kept.entries)
}

/** Those routes of the previous table that are in the set unchanged, and their entries in order. */
function* keepEntries(
  routes: readonly RoutePlan[],
  previous: RouteTable | undefined,
): Generator<void, { readonly routes: ReadonlySet<Ranked['route']>; readonly entries: readonly MatchPlan[] }> {
  if (previous?.hasIndexes !== true) return { routes: new Set(), entries: [] }
  const before = new Set(previous.routes)
  const kept = new Set<Ranked['route']>(routes.filter((route) => before.has(route)).map(({ source }) => source))
  yield
  const entries: MatchPlan[] = []
  for (const [i, entry] of previous.indexes.entries.entries()) {
    if (kept.has(entry.route)) entries.push(entry)
    if (i % STEP === 0) yield
  }
  return { routes: kept, entries }
}
