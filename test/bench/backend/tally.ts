import type { BackendCounts } from './plan.ts'

/** What the destinations count, all together. */
export interface Tally {
  /** So many requests were answered, of which none may lack the route's header where one is added. */
  readonly onRequests: (count: number) => void
  readonly onMissingHeader: () => void
  /** The counts since the last time. */
  readonly take: () => BackendCounts
}

export const createTally = (): Tally => {
  let requests = 0
  let withoutHeader = 0
  return {
    onRequests: (count) => (requests += count),
    onMissingHeader: () => withoutHeader++,
    take: () => {
      const counts = { requests, withoutHeader }
      requests = withoutHeader = 0
      return counts
    },
  }
}
