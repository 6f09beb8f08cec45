import { constants, PerformanceObserver } from 'node:perf_hooks'

/** How often V8 has collected its whole heap, and not its young generation only, since this was asked for. */
export interface FullCollections {
  readonly count: () => number
  readonly close: () => void
}

/** V8 tells of each collection after it is over, twenty times a second under load. */
export const watchFullCollections = (): FullCollections => {
  let count = 0
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      // Node's types leave open what an entry of type `gc` has.
      const detail = 'detail' in entry ? (entry.detail as { readonly kind?: number } | undefined) : undefined
      if (detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR) count++
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  return { count: () => count, close: () => observer.disconnect() }
}
