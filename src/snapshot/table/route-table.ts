/**
 * The matches of a route set as one table. A look-up costs about the same whatever their number, as long as an exact
 * path, a prefix, a method, or an exact header or query parameter tells them apart; regular expressions are tried one
 * after the other.
 */
import { prefixKey } from '../match.ts'
import { hashBefore, hashPiece } from '../../lib/hash/piece-hash.ts'
import { TextMap } from '../../lib/hash/text-map.ts'
import { runSteps } from '../../lib/steps/run-steps.ts'
import type {
  Bucket,
  Buckets,
  MatchPlan,
  MatchRequest,
  NoMatch,
  RouteIndexes,
  RoutePlan,
  RouteTable,
} from '../snapshot.ts'
import { createBucket, findInBucket } from './bucket.ts'
import { orderEntries } from './order-entries.ts'

const SLASH = 47
/** How much is done between two pauses. */
const STEP = 256
// Shared, since most tables have no use for one of their own, and there may be thousands.
const noMatch: NoMatch = { kind: 'no-match' }
const noBuckets: Buckets = new TextMap<Bucket>()

/** The indexes of so few routes take some tens of microseconds, which a request can wait. */
const FEW_ROUTES = 8

/**
 * Makes the table of a route set; yields where the caller may do something else for a while. There may be thousands of
 * Services that nobody ever asks for: what few routes come to waits for the first request.
 */
export function* compileRouteTable(
  routes: readonly RoutePlan[],
  previous: RouteTable | undefined,
): Generator<void, RouteTable> {
  // A copy is as long as it has to be.
  const table = new Table(routes.slice())
  if (routes.length > FEW_ROUTES) table.take(yield* compileIndexes(routes, previous))
  return table
}

class Table implements RouteTable {
  readonly routes: readonly RoutePlan[]
  #indexes: RouteIndexes | undefined

  constructor(routes: readonly RoutePlan[]) {
    this.routes = routes
  }

  get indexes(): RouteIndexes {
    return this.#indexes ?? this.take(runSteps(compileIndexes(this.routes, undefined)))
  }

  get hasIndexes(): boolean {
    return this.#indexes !== undefined
  }

  take(indexes: RouteIndexes): RouteIndexes {
    this.#indexes = indexes
    return indexes
  }
}

/** Merges the matches of a route set. */
function* compileIndexes(
  routes: readonly RoutePlan[],
  previous: RouteTable | undefined,
): Generator<void, RouteIndexes> {
  const entries = yield* orderEntries(routes, previous)
  const exact = new Map<string, number[]>()
  const prefixes = new Map<string, number[]>()
  const regexes: number[] = []
  let firstInexact = entries.length
  for (const [position, { match }] of entries.entries()) {
    const { path } = match
    if (path.type !== 'Exact') firstInexact = Math.min(firstInexact, position)
    if (path.type === 'Exact') append(exact, path.value, position)
    else if (path.type === 'PathPrefix') append(prefixes, prefixKey(path.value), position)
    else regexes.push(position)
    if (position % STEP === 0) yield
  }
  return {
    entries,
    exact: yield* createBuckets(entries, exact),
    regexes: regexes.length === 0 ? undefined : yield* createBucket(entries, regexes),
    prefixes: yield* createBuckets(entries, prefixes),
    firstOfLength: indexLengths(prefixes, entries.length),
    firstInexact,
    noMatch,
  }
}

/**
 * The entry with the highest precedence that fits, as a scan of `entries` would give it: the least position among what
 * the indexes come to. Allocates nothing but the pieces of the query that it looks up.
 */
export const findMatch = (table: RouteIndexes, request: MatchRequest): MatchPlan | NoMatch => {
  const { entries, regexes } = table
  const exact = table.exact.get(request.path)
  let found = exact === undefined ? entries.length : findInBucket(entries, exact, request, entries.length)
  if (found > table.firstInexact) {
    if (regexes !== undefined) found = findInBucket(entries, regexes, request, found)
    found = findPrefix(table, request, found)
  }
  return entries[found] ?? table.noMatch
}

// Only lengths that occur are looked up, at the path's slashes and its end, from the longest. Each character is looked at
// twice at most, and none behind the longest prefix: a path of thousands of slashes costs no more than one without any.
const findPrefix = (table: RouteIndexes, request: MatchRequest, limit: number): number => {
  const { entries, prefixes, firstOfLength } = table
  const { path } = request
  let found = limit
  let end = Math.min(path.length, firstOfLength.length - 1)
  let hash = hashPiece(path, 0, end)
  for (; end >= 0; hash = hashBefore(hash, path.charCodeAt(--end))) {
    if ((firstOfLength[end] ?? found) >= found) continue
    if (path.charCodeAt(end) !== SLASH && (end !== path.length || end === 0)) continue
    const bucket = prefixes.find(hash, path, end)
    if (bucket !== undefined) found = findInBucket(entries, bucket, request, found)
  }
  return found
}

/** See `RouteIndexes.firstOfLength`. */
const indexLengths = (prefixes: ReadonlyMap<string, readonly number[]>, entries: number): readonly number[] => {
  let longest = 0
  for (const prefix of prefixes.keys()) longest = Math.max(longest, prefix.length)
  const firstOfLength = Array.from({ length: longest + 1 }, () => entries)
  for (const [{ length }, [first = entries]] of prefixes) {
    firstOfLength[length] = Math.min(firstOfLength[length] ?? entries, first)
  }
  return firstOfLength
}

function* createBuckets(
  entries: readonly MatchPlan[],
  positions: ReadonlyMap<string, readonly number[]>,
): Generator<void, Buckets> {
  if (positions.size === 0) return noBuckets
  const buckets = new TextMap<Bucket>()
  for (const [path, those] of positions) {
    const [first = 0] = those
    buckets.add(path, those.length === 1 ? first : yield* createBucket(entries, those))
    if (buckets.size % STEP === 0) yield
  }
  return buckets
}

const append = (map: Map<string, number[]>, key: string, position: number): void => {
  const positions = map.get(key)
  if (positions === undefined) map.set(key, [position])
  else positions.push(position)
}
