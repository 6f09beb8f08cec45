import type { Clock } from '../../lib/clock.ts'
import type { EndpointPool } from '../upstream/pool.ts'
import type { SessionUser, UpstreamSession } from '../upstream/session.ts'

/** More than this is not worth a connection. */
const LIMIT_BYTES = 64 * 1024
const LIMIT_MS = 5000

/** Has the answer that a session is getting read to its end, though nobody wants it. */
export const readToEnd = (
  session: UpstreamSession | undefined,
  pool: EndpointPool | undefined,
  clock: Pick<Clock, 'after'>,
): void => {
  if (session === undefined || pool === undefined) return
  pool.active++
  session.handOver(new UnwantedResponse(session, clock, () => void pool.active--))
}

/**
 * Reads an answer that nobody wants to its end, so that the connection can be used again: when everything answers 503,
 * a new one for each request would be the larger part of the load.
 */
class UnwantedResponse implements SessionUser {
  readonly #session: UpstreamSession
  readonly #onDone: () => void
  readonly #cancel: () => void
  #bytes = 0
  #isDone = false

  /** `onDone` is called once, when the session is idle again or gone. */
  constructor(session: UpstreamSession, clock: Pick<Clock, 'after'>, onDone: () => void) {
    this.#session = session
    this.#onDone = onDone
    this.#cancel = clock.after(LIMIT_MS, () => this.#giveUp())
  }

  onInformational(): void {}

  onResponse(): void {}

  onDrain(): void {}

  onBody(_buffer: Buffer, start: number, end: number): boolean {
    this.#bytes += end - start
    if (this.#bytes > LIMIT_BYTES) this.#giveUp()
    return true
  }

  onEnd(): void {
    this.#finish()
  }

  onFailure(): void {
    this.#finish()
  }

  #giveUp(): void {
    if (this.#isDone) return
    this.#session.abandon()
    this.#finish()
  }

  #finish(): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#cancel()
    this.#onDone()
  }
}
