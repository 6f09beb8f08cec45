/** Does something with each item, at most so many at a time; begins no more once `signal` is aborted. */
export const inParallel = async <T>(
  items: readonly T[],
  { limit, signal }: { readonly limit: number; readonly signal: AbortSignal },
  run: (item: T) => Promise<void>,
): Promise<void> => {
  const rest = items.values()
  const work = async (): Promise<void> => {
    for (const item of rest) {
      if (signal.aborted) return
      await run(item)
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work))
}
