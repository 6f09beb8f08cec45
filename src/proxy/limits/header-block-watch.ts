import type { H2Connection } from '../../http/h2/connection.ts'
import { ENHANCE_YOUR_CALM } from '../../http/h2/constants.ts'
import type { Counters } from '../counters.ts'
import type { Deadlines } from './deadlines.ts'

/** Gives up an HTTP/2 connection on which a header block never ends: it keeps every other frame out. */
export class HeaderBlockWatch {
  readonly #deadlines: Deadlines
  readonly #counters: Counters
  /** The stream whose block was under way at the last tick, and since which one. */
  #streamId = 0
  #sinceMs = 0

  constructor(deadlines: Deadlines, counters: Counters) {
    this.#deadlines = deadlines
    this.#counters = counters
  }

  /** To be called in each tick with the monotonic time. */
  tick(h2: Pick<H2Connection, 'unfinishedHeaders' | 'fail'>, nowMs: number): void {
    const streamId = h2.unfinishedHeaders
    if (streamId !== this.#streamId) this.#sinceMs = nowMs
    this.#streamId = streamId
    const { requestHeadMs } = this.#deadlines
    if (streamId === 0 || requestHeadMs === 0 || nowMs - this.#sinceMs < requestHeadMs) return
    this.#counters.deadlines.requestHead++
    h2.fail(ENHANCE_YOUR_CALM, `a header block took more than ${requestHeadMs} ms`)
  }
}
