/** What two lists have not in common; what was replaced is in both. */
export interface ListChange<T> {
  readonly gone: readonly T[]
  readonly come: readonly T[]
}

/** Compares two lists by the identity of their items. Of thousands mostly one differs, and the others cost next to nothing. */
export const findChange = <T extends object>(before: readonly T[], after: readonly T[]): ListChange<T> => {
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start++
  let [endBefore, endAfter] = [before.length, after.length]
  while (endBefore > start && endAfter > start && before[endBefore - 1] === after[endAfter - 1]) {
    endBefore--
    endAfter--
  }
  const [old, now] = [before.slice(start, endBefore), after.slice(start, endAfter)]
  const [known, present] = [new Set(old), new Set(now)]
  return { gone: old.filter((item) => !present.has(item)), come: now.filter((item) => !known.has(item)) }
}
