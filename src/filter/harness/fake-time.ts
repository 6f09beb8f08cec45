/** Time that passes when a test says so. */
export interface FakeTime {
  readonly now: () => number
  readonly after: (delayMs: number, run: () => void) => () => void
  readonly advance: (ms: number) => void
}

/** Makes it; timers are called in the order of their time, and see it as now. */
export const createFakeTime = (startMs: number): FakeTime => {
  let nowMs = startMs
  const timers = new Set<{ readonly atMs: number; readonly run: () => void }>()
  const advance = (ms: number): void => {
    const untilMs = nowMs + ms
    for (;;) {
      const [next] = [...timers].filter(({ atMs }) => atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      timers.delete(next)
      nowMs = Math.max(nowMs, next.atMs)
      next.run()
    }
    nowMs = untilMs
  }
  return {
    now: () => nowMs,
    after: (delayMs, run) => {
      const timer = { atMs: nowMs + delayMs, run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    advance,
  }
}
