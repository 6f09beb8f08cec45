import type { Clock } from '../../lib/clock.ts'

/** Remembers what objects were told, until the API server tells of it in turn. */
export interface Echoes {
  /** Whether it was told just now, or too often: somebody else may be taking it away each time. */
  readonly isAwaited: (key: string, told: string) => boolean
  /** Notes that it was told; `hasWritten`: it had not been there. */
  readonly await: (key: string, told: string, hasWritten: boolean) => void
  /** In how many milliseconds the first of them has been waited for long enough; `undefined`: there are none. */
  readonly nextMs: () => number | undefined
}

interface Echo {
  readonly told: string
  readonly times: number
  readonly untilMs: number
}

/** How long a watch may be behind. */
const FIRST_MS = 3000
const LAST_MS = 300_000
/** Who has been left alone for so long begins anew. */
const FORGET_MS = 600_000

/** Makes one; of one and the same the wait doubles each time, from three seconds up to five minutes. */
export const createEchoes = (clock: Pick<Clock, 'monotonicMs'>): Echoes => {
  const echoes = new Map<string, Echo>()
  return {
    isAwaited: (key, told) => {
      const echo = echoes.get(key)
      return echo?.told === told && clock.monotonicMs() < echo.untilMs
    },
    await: (key, told, hasWritten) => {
      const before = echoes.get(key)
      const times = before?.told === told ? before.times + (hasWritten ? 1 : 0) : 0
      const waitMs = Math.min(FIRST_MS * 2 ** times, LAST_MS)
      echoes.set(key, { told, times, untilMs: clock.monotonicMs() + waitMs })
    },
    nextMs: () => {
      const nowMs = clock.monotonicMs()
      for (const [key, { untilMs }] of echoes) if (untilMs + FORGET_MS < nowMs) echoes.delete(key)
      const due = [...echoes.values()].map(({ untilMs }) => untilMs).filter((untilMs) => untilMs > nowMs)
      return due.length === 0 ? undefined : Math.min(...due) - nowMs
    },
  }
}
