/** What two lists have not in common; what was replaced is in both. */
export interface ListChange<T> {
  readonly gone: readonly T[]
  readonly come: readonly T[]
}

/**
 * Compares two lists by the identity of their items. Of thousands mostly one differs, and the others cost next to
 * nothing. No item may stand in a list twice.
 */
export const findChange = <T extends object>(before: readonly T[], after: readonly T[]): ListChange<T> => {
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start++
  let [endBefore, endAfter] = [before.length, after.length]
  while (endBefore > start && endAfter > start && before[endBefore - 1] === after[endAfter - 1]) {
    endBefore--
    endAfter--
  }
  // Where each was put in the place of another, those between need not be looked for.
  const isAligned = endBefore === endAfter
  const old = before.slice(start, endBefore).filter((item, i) => !isAligned || item !== after[start + i])
  const now = after.slice(start, endAfter).filter((item, i) => !isAligned || item !== before[start + i])
  const [known, present] = [new Set(old), new Set(now)]
  return { gone: old.filter((item) => !present.has(item)), come: now.filter((item) => !known.has(item)) }
}
