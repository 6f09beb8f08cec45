/** Calls `flush` once at the end of a turn of the loop in which `mark` was called for it. */
export interface TurnFlush {
  readonly mark: (flush: () => void) => void
}

/**
 * Collects what wants to be written in this turn and writes it in one `setImmediate` after all sockets were read: one
 * write for each connection and turn, however many answers the turn brought. `mark` each flush once per turn.
 */
export const createTurnFlush = (): TurnFlush => {
  let waiting: (() => void)[] = []
  const flushAll = (): void => {
    const due = waiting
    waiting = []
    for (const flush of due) flush()
  }
  return {
    mark: (flush) => {
      if (waiting.length === 0) setImmediate(flushAll)
      waiting.push(flush)
    },
  }
}
