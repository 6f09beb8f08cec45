import type { Match } from '../../model/match.ts'
import { FITS, findHeader, findMisfitBeyondPath, findQueryParam } from '../match.ts'
import type { Bucket, Discriminator, MatchPlan, MatchRequest } from '../snapshot.ts'

/** Up to here trying one after the other is cheaper than asking an index. */
const LIST_LENGTH = 8
/** Each index costs every request a look-up, and looks at one part of it. */
const MAX_DEPTH = 8
/** How much is done between two pauses. */
const STEP = 256

/**
 * The position of the entry with the highest precedence that fits, of those in the bucket and before `limit`; `limit`
 * when there is none. All of them must be known to fit the request's path, unless that is a regular expression.
 */
export const findInBucket = (
  entries: readonly MatchPlan[],
  bucket: Bucket,
  request: MatchRequest,
  limit: number,
): number => {
  if (typeof bucket === 'number') return bucket < limit && fitsAt(entries, bucket, request) ? bucket : limit
  if (bucket.kind === 'list') {
    for (const position of bucket.positions) {
      if (position >= limit) return limit
      if (fitsAt(entries, position, request)) return position
    }
    return limit
  }
  if (bucket.first >= limit) return limit
  const value = valueOf(request, bucket.by)
  const group = value === undefined ? undefined : bucket.groups.get(value)
  const found = group === undefined ? limit : findInBucket(entries, group, request, limit)
  return bucket.rest === undefined ? found : findInBucket(entries, bucket.rest, request, found)
}

/**
 * Makes a bucket of positions, ascending. Many are indexed by whatever tells most of them apart: each of the groups may
 * have an index of its own, and so may those that the first says nothing about.
 */
export function* createBucket(
  entries: readonly MatchPlan[],
  positions: readonly number[],
  depth = 0,
): Generator<void, Bucket> {
  const [first = 0] = positions
  if (positions.length === 1) return first
  // A copy is as long as it has to be.
  const list = (): Bucket => ({ kind: 'list', positions: positions.slice() })
  if (positions.length <= LIST_LENGTH || depth === MAX_DEPTH) return list()
  const by = yield* chooseDiscriminator(entries, positions)
  if (by === undefined) return list()
  const split = new Map<string, number[]>()
  const others: number[] = []
  for (const [i, position] of positions.entries()) {
    const value = wantedValue(entries[position]?.match, by)
    const group = value === undefined ? others : split.get(value)
    if (group !== undefined) group.push(position)
    else if (value !== undefined) split.set(value, [position])
    if (i % STEP === 0) yield
  }
  const groups = new Map<string, Bucket>()
  for (const [value, group] of split) {
    groups.set(value, yield* createBucket(entries, group, depth + 1))
    if (groups.size % STEP === 0) yield
  }
  const rest = others.length === 0 ? undefined : yield* createBucket(entries, others, depth + 1)
  return { kind: 'index', first, by, groups, rest }
}

interface Candidate {
  readonly by: Discriminator
  /** How many entries want each value. */
  readonly counts: Map<string, number>
  entries: number
  largest: number
}

/** The part of a request whose value leaves the fewest entries to try at worst; `undefined` when none leaves fewer. */
function* chooseDiscriminator(
  entries: readonly MatchPlan[],
  positions: readonly number[],
): Generator<void, Discriminator | undefined> {
  const candidates = new Map<string, Candidate>()
  for (const [i, position] of positions.entries()) {
    const match = entries[position]?.match
    if (match !== undefined) countConditions(candidates, match)
    if (i % STEP === 0) yield
  }
  let best: Discriminator | undefined
  let least = positions.length
  for (const candidate of candidates.values()) {
    const left = positions.length - candidate.entries + candidate.largest
    if (left < least) [least, best] = [left, candidate.by]
  }
  return best
}

const countConditions = (candidates: Map<string, Candidate>, match: Match): void => {
  if (match.method !== undefined) countValue(candidates, { kind: 'method', name: '' }, match.method)
  for (const { type, name, value, claim } of match.headers) {
    if (type === 'Exact' && claim === undefined) countValue(candidates, { kind: 'header', name }, value)
  }
  for (const { type, name, value } of match.queryParams) {
    if (type === 'Exact') countValue(candidates, { kind: 'query parameter', name }, value)
  }
}

const countValue = (candidates: Map<string, Candidate>, by: Discriminator, value: string): void => {
  const key = `${by.kind} ${by.name}`
  let candidate = candidates.get(key)
  if (candidate === undefined) {
    candidate = { by, counts: new Map(), entries: 0, largest: 0 }
    candidates.set(key, candidate)
  }
  const count = (candidate.counts.get(value) ?? 0) + 1
  candidate.counts.set(value, count)
  candidate.entries++
  candidate.largest = Math.max(candidate.largest, count)
}

/** The value that a match wants a part of the request to have; `undefined` when it wants none, or a pattern. */
const wantedValue = (match: Match | undefined, { kind, name }: Discriminator): string | undefined => {
  if (match === undefined || kind === 'method') return match?.method
  const conditions = kind === 'header' ? match.headers : match.queryParams
  const condition = conditions.find((other) => other.name === name)
  return condition?.type === 'Exact' ? condition.value : undefined
}

const valueOf = (request: MatchRequest, { kind, name }: Discriminator): string | undefined => {
  switch (kind) {
    case 'method':
      return request.method
    case 'header':
      return findHeader(request, name)
    case 'query parameter':
      return findQueryParam(request.query, name)
  }
}

const fitsAt = (entries: readonly MatchPlan[], position: number, request: MatchRequest): boolean => {
  const plan = entries[position]
  return plan !== undefined && findMisfitBeyondPath(plan, request) === FITS
}
