import { applyEdits, type Edit } from '../../../lib/lists/edits.ts'

/**
 * Puts new items in the place of all that stand for some groups, in a list where the items of a group stand together.
 * List, groups and items are in the order of `compare`; each new item belongs to one of the groups.
 */
export const replaceGroups = <T extends object, G>(
  list: readonly T[],
  {
    groups,
    items,
    compare,
  }: {
    readonly groups: readonly G[]
    readonly items: readonly T[]
    readonly compare: (item: T, group: G) => number
  },
): readonly T[] => {
  const rangeOf = (of: readonly T[], group: G): readonly [start: number, end: number] => [
    firstFrom(of, (item) => compare(item, group) >= 0),
    firstFrom(of, (item) => compare(item, group) > 0),
  ]
  const edits = groups.map((group): Edit<T> => {
    const [at, end] = rangeOf(list, group)
    return { at, remove: end - at, items: items.slice(...rangeOf(items, group)) }
  })
  return applyEdits(list, edits)
}

/** Where those begin that `isBehind` is true of, and of all after them. */
const firstFrom = <T>(list: readonly T[], isBehind: (item: T) => boolean): number => {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const item = list[middle]
    if (item === undefined || isBehind(item)) high = middle
    else low = middle + 1
  }
  return low
}
