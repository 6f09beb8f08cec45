import type { Clock } from '../../lib/clock.ts'

/** What is told of a bug that one of many met in a tick. */
export const TICK_FAULT = 'a tick failed'

/** What ticks go by. */
export interface Ticking {
  readonly clock: Clock
  /** A bug of ours: the next tick comes all the same. */
  readonly onFault: (error: unknown) => void
}

/** Something that is looked at in ticks. */
interface Ticked {
  readonly tick: (nowMs: number) => void
}

/** Calls the `tick` of each every so many milliseconds, with the monotonic time; the result ends that. */
export const startTicking = ({ clock, onFault }: Ticking, everyMs: number, parts: readonly Ticked[]): (() => void) => {
  let stop = (): void => {}
  const tick = (): void => {
    stop = clock.after(everyMs, tick)
    const nowMs = clock.monotonicMs()
    visitEach(parts, (part) => part.tick(nowMs), onFault)
  }
  stop = clock.after(everyMs, tick)
  return () => stop()
}

/** Visits all of them: a bug that one of them meets keeps no other from its turn. */
export const visitEach = <Item>(
  items: Iterable<Item>,
  visit: (item: Item) => void,
  onFault: Ticking['onFault'],
): void => {
  for (const item of items) {
    try {
      visit(item)
    } catch (error) {
      onFault(error)
    }
  }
}

/** Of which each may be closed, with all that this takes, and the loop is still not held up (engine.md, rule 8). */
const SLICE = 512

/** Visits all of a set, a slice in each turn of the loop. What leaves the set meanwhile is not visited any more. */
export const visitInSlices = <Item>(items: ReadonlySet<Item>, visit: (item: Item) => void): void => {
  const rest = items.values()
  const visitSlice = (): void => {
    for (let i = 0; i < SLICE; i++) {
      const next = rest.next()
      if (next.done === true) return
      visit(next.value)
    }
    setImmediate(visitSlice)
  }
  visitSlice()
}
