/** Which items of two lists belong together when their order means nothing. */

/** What items are told apart by. */
export interface ItemKeys {
  readonly keyOf: (item: unknown) => string
  /** The same order on both sides, for what has no match. */
  readonly orderOf: (item: unknown) => string
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
export const matchItems = (
  a: readonly unknown[],
  b: readonly unknown[],
  { keyOf, orderOf }: ItemKeys,
): MatchedItems => {
  const rest = indexBy(b, keyOf)
  const byKey: (readonly [number, number])[] = []
  const alone: number[] = []
  for (const [i, item] of a.entries()) {
    const j = rest.get(keyOf(item))?.pop()
    if (j === undefined) alone.push(i)
    else byKey.push([i, j])
  }
  const left = sortBy(a, alone, orderOf)
  const right = sortBy(b, [...rest.values()].flat(), orderOf)
  const byOrder = left.flatMap((i, k): readonly (readonly [number, number])[] => {
    const j = right[k]
    return j === undefined ? [] : [[i, j]]
  })
  return { byKey, left, right, byOrder }
}

const indexBy = (items: readonly unknown[], keyOf: ItemKeys['keyOf']): Map<string, number[]> => {
  const places = new Map<string, number[]>()
  for (const [i, item] of items.entries()) {
    const key = keyOf(item)
    const known = places.get(key)
    if (known === undefined) places.set(key, [i])
    else known.push(i)
  }
  // The first comes first.
  for (const known of places.values()) known.reverse()
  return places
}

const sortBy = (
  items: readonly unknown[],
  places: readonly number[],
  orderOf: ItemKeys['orderOf'],
): readonly number[] =>
  places
    .map((place) => ({ place, text: orderOf(items[place]) }))
    .toSorted((x, y) => (x.text < y.text ? -1 : x.text > y.text ? 1 : 0))
    .map(({ place }) => place)
