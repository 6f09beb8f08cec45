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
  let runs: (readonly MatchPlan[])[] = kept.entries.length === 0 ? [] : [kept.entries]
  for (let start = 0; start < fresh.length; start += STEP) {
    runs.push(fresh.slice(start, start + STEP).toSorted(comparePrecedence))
    yield
  }
  while (runs.length > 1) {
    const merged: (readonly MatchPlan[])[] = []
    for (let i = 0; i < runs.length; i += 2) merged.push(yield* merge(runs[i] ?? [], runs[i + 1] ?? []))
    runs = merged
  }
  return runs[0] ?? []
}

/** Those routes of the previous table that are in the set unchanged, and their entries in order. */
function* keepEntries(
  routes: readonly RoutePlan[],
  previous: RouteTable | undefined,
): Generator<void, { readonly routes: ReadonlySet<Ranked['route']>; readonly entries: readonly MatchPlan[] }> {
  if (previous === undefined) return { routes: new Set(), entries: [] }
  const before = new Set(previous.routes)
  const kept = new Set<Ranked['route']>(routes.filter((route) => before.has(route)).map(({ source }) => source))
  yield
  const entries: MatchPlan[] = []
  for (const [i, entry] of previous.entries.entries()) {
    if (kept.has(entry.route)) entries.push(entry)
    if (i % STEP === 0) yield
  }
  return { routes: kept, entries }
}

function* merge(a: readonly MatchPlan[], b: readonly MatchPlan[]): Generator<void, readonly MatchPlan[]> {
  const merged: MatchPlan[] = []
  let i = 0
  for (const right of b) {
    for (; i < a.length; i++) {
      const left = a[i]
      if (left === undefined || comparePrecedence(left, right) > 0) break
      merged.push(left)
      if (merged.length % STEP === 0) yield
    }
    merged.push(right)
    if (merged.length % STEP === 0) yield
  }
  return merged.concat(a.slice(i))
}
