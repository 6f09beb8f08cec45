import type { LineQueue } from './line-queue.ts'

/** The queues of a process, one for each path, whoever writes there. */
export interface LineQueues {
  readonly of: (path: string) => LineQueue
  /** Lines that were lost. */
  readonly dropped: () => number
  /** Resolves when all lines so far are written, or after so many milliseconds: a reader may have stopped for good. */
  readonly flush: (patienceMs: number) => Promise<void>
}

/** Opens a queue when somebody writes to its path for the first time. */
export const createLineQueues = (open: (path: string) => LineQueue): LineQueues => {
  const queues = new Map<string, LineQueue>()
  return {
    of: (path) => {
      const queue = queues.get(path) ?? open(path)
      queues.set(path, queue)
      return queue
    },
    dropped: () => [...queues.values()].reduce((sum, queue) => sum + queue.dropped(), 0),
    flush: async (patienceMs) => {
      const patience = Promise.withResolvers<void>()
      const timer = setTimeout(patience.resolve, patienceMs)
      await Promise.race([Promise.all([...queues.values()].map((queue) => queue.flush())), patience.promise])
      clearTimeout(timer)
    },
  }
}
