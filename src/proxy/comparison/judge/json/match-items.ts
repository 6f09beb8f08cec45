/** Which items of two lists belong together when their order means nothing. */
import { sortInSteps } from '../../../../lib/steps/sort-in-steps.ts'
import { STEP } from './value-ids.ts'

/** What items are told apart by. */
export interface ItemKeys {
  readonly keyOf: (item: unknown) => Generator<void, number>
  /** The same order on both sides, for what has no match. */
  readonly orderOf: (item: unknown) => Generator<void, string>
}

/** Places in both lists. */
export interface MatchedItems {
  /** Those with the same key, in the order of the first list. */
  readonly byKey: readonly (readonly [a: number, b: number])[]
  /** Those without a match, in the order of `orderOf`. */
  readonly left: readonly number[]
  readonly right: readonly number[]
  /** The same, side by side, as far as there are as many. */
  readonly byOrder: readonly (readonly [a: number, b: number])[]
}

/** Finds for each item of `a` one of `b` with its key, the first that is left. */
export function* matchItems(
  a: readonly unknown[],
  b: readonly unknown[],
  { keyOf, orderOf }: ItemKeys,
): Generator<void, MatchedItems> {
  const rest = yield* indexBy(b, keyOf)
  const byKey: (readonly [number, number])[] = []
  const alone: number[] = []
  for (const [i, item] of a.entries()) {
    const j = rest.get(yield* keyOf(item))?.pop()
    if (j === undefined) alone.push(i)
    else byKey.push([i, j])
    if (i % STEP === 0) yield
  }
  const left = yield* sortBy(a, alone, orderOf)
  const right = yield* sortBy(b, [...rest.values()].flat(), orderOf)
  const byOrder = left.flatMap((i, k): readonly (readonly [number, number])[] => {
    const j = right[k]
    return j === undefined ? [] : [[i, j]]
  })
  return { byKey, left, right, byOrder }
}

function* indexBy(items: readonly unknown[], keyOf: ItemKeys['keyOf']): Generator<void, Map<number, number[]>> {
  const places = new Map<number, number[]>()
  for (const [i, item] of items.entries()) {
    const key = yield* keyOf(item)
    const known = places.get(key)
    if (known === undefined) places.set(key, [i])
    else known.push(i)
    if (i % STEP === 0) yield
  }
  // The first comes first.
  for (const known of places.values()) known.reverse()
  return places
}

function* sortBy(
  items: readonly unknown[],
  places: readonly number[],
  orderOf: ItemKeys['orderOf'],
): Generator<void, readonly number[]> {
  const texts: { readonly place: number; readonly text: string }[] = []
  for (const place of places) {
    texts.push({ place, text: yield* orderOf(items[place]) })
    if (texts.length % STEP === 0) yield
  }
  const sorted = yield* sortInSteps(texts, (x, y) => (x.text < y.text ? -1 : x.text > y.text ? 1 : 0))
  return sorted.map(({ place }) => place)
}
