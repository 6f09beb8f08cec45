/** Calls `flush` once at the end of a turn of the loop in which it was marked; mark each once per turn. */
export interface TurnFlush {
  readonly mark: (flush: () => void) => void
  /** For a connection inside of another one: goes first, so that both write in the same turn. */
  readonly markInner: (flush: () => void) => void
}

/**
 * Collects what wants to be written in this turn and writes it in one `setImmediate` after all sockets were read: one
 * write for each connection and turn, however many answers the turn brought.
 */
export const createTurnFlush = (): TurnFlush => {
  let inner: (() => void)[] = []
  let outer: (() => void)[] = []
  let isDue = false
  const flushAll = (): void => {
    const first = inner
    inner = []
    for (const flush of first) flush()
    const second = outer
    outer = []
    isDue = false
    for (const flush of second) flush()
  }
  const schedule = (): void => {
    if (isDue) return
    isDue = true
    setImmediate(flushAll)
  }
  return {
    mark: (flush) => {
      schedule()
      outer.push(flush)
    },
    markInner: (flush) => {
      schedule()
      inner.push(flush)
    },
  }
}
