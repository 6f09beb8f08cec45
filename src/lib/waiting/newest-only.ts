/**
 * Makes what acts on one thing after the other, beginning when `start` is settled: of those that come while it is at work,
 * or waits for its start, the newest is next and stands for the others. `act` must not fail.
 */
export const createNewestOnly = <T extends object>(
  act: (newest: T) => Promise<void>,
  start: Promise<unknown>,
): ((item: T) => void) => {
  let next: T | undefined
  let work = start
  const actAfter = async (before: Promise<unknown>): Promise<void> => {
    await before
    const newest = next
    next = undefined
    if (newest !== undefined) await act(newest)
  }
  return (item) => {
    const isAwaited = next !== undefined
    next = item
    if (isAwaited) return
    work = actAfter(work)
  }
}
