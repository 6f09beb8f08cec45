/** How much is done between two pauses. */
const STEP = 256

/**
 * Sorts, stably, in runs that are then merged, so that nothing takes long at a time: whoever drives it may do something
 * else at each `yield`. `sorted` is in order already; what ties with it comes behind it.
 */
export function* sortInSteps<T extends object | string>(
  items: readonly T[],
  compare: (a: T, b: T) => number,
  sorted: readonly T[] = [],
): Generator<void, readonly T[]> {
  let runs: (readonly T[])[] = sorted.length === 0 ? [] : [sorted]
  for (let start = 0; start < items.length; start += STEP) {
    runs.push(items.slice(start, start + STEP).toSorted(compare))
    yield
  }
  while (runs.length > 1) {
    const merged: (readonly T[])[] = []
    for (let i = 0; i < runs.length; i += 2) merged.push(yield* merge(runs[i] ?? [], runs[i + 1] ?? [], compare))
    runs = merged
  }
  return runs[0] ?? []
}

function* merge<T>(a: readonly T[], b: readonly T[], compare: (a: T, b: T) => number): Generator<void, readonly T[]> {
  const merged: T[] = []
  let i = 0
  for (const right of b) {
    for (; i < a.length; i++) {
      const left = a[i]
      if (left === undefined || compare(left, right) > 0) break
      merged.push(left)
      if (merged.length % STEP === 0) yield
    }
    merged.push(right)
    if (merged.length % STEP === 0) yield
  }
  return merged.concat(a.slice(i))
}
