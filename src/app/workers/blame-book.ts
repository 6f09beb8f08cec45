import type { QuarantineNotice } from '../../filter/guard/guard.ts'
import type { Blame } from '../watchdog/report.ts'

/** The first time, and the longest: each try may cost another process. */
const FIRST_MS = 300_000
const LAST_MS = 3_600_000
/** Versions are remembered so long after their quarantine. */
const FORGET_MS = 3_600_000

/** Which filters have taken a process down, and for how long nobody calls them; it outlives the processes. */
export class BlameBook {
  readonly #strikes = new Map<string, number>()
  readonly #notices = new Map<string, QuarantineNotice>()

  /** What comes of a blame; `nowMs` is the time of day. Empty when all of it is known and in force already. */
  record({ filters, kind, message, location }: Blame, nowMs: number): readonly QuarantineNotice[] {
    const notices = filters.flatMap(({ id, version }): QuarantineNotice[] => {
      const key = `${id} ${version}`
      if ((this.#notices.get(key)?.untilMs ?? 0) > nowMs) return []
      const strikes = this.#strikes.get(key) ?? 0
      this.#strikes.set(key, strikes + 1)
      const failure = { kind, message, ...(location === undefined ? {} : { location }), atMs: nowMs }
      const notice = { id, version, failure, untilMs: nowMs + Math.min(FIRST_MS * 2 ** strikes, LAST_MS) }
      this.#notices.set(key, notice)
      return [notice]
    })
    this.#forget(nowMs)
    return notices
  }

  /** Those in force. */
  inForce(nowMs: number): readonly QuarantineNotice[] {
    return [...this.#notices.values()].filter(({ untilMs }) => untilMs > nowMs)
  }

  #forget(nowMs: number): void {
    for (const [key, { untilMs }] of this.#notices) {
      if (untilMs + FORGET_MS > nowMs) continue
      this.#notices.delete(key)
      this.#strikes.delete(key)
    }
  }
}
