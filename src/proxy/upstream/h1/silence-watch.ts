import { PING_IDLE_MS } from '../../hbone/transport.ts'

/** A connection that a request may be waiting on. */
export interface WatchedSession {
  /** A request is under way, and nothing is known of its answer. */
  readonly awaitsHead: boolean
  /** Something has come, or a request has begun, since this was last made false. */
  isHeard: boolean
  /** Kept by the watch: since when nothing has, monotonic milliseconds. */
  silentSinceMs: number
  /** Nothing will come any more. */
  readonly loseSilent: () => void
}

/**
 * HTTP/1.1 in plaintext has no PING: an endpoint that is gone without a word would be found out by TCP's retransmissions
 * alone, after a quarter of an hour. Where an answer takes as long as a PING would be put off elsewhere, another
 * connection is asked for: when nobody answers that either, requests that wait are given up. One who takes his time
 * answers it, as his system does that for him.
 */
export class SilenceWatch {
  readonly #sessions = new Set<WatchedSession>()
  readonly #connect: (done: (isDeaf: boolean) => void) => void
  #isAsking = false

  /** `connect` makes a connection and gives it up; `isDeaf`: nobody said yes or no in the time for that. */
  constructor(connect: (done: (isDeaf: boolean) => void) => void) {
    this.#connect = connect
  }

  add(session: WatchedSession): void {
    this.#sessions.add(session)
  }

  delete(session: WatchedSession): void {
    this.#sessions.delete(session)
  }

  /** Called every second or so. */
  tick(nowMs: number): void {
    let isSilent = false
    for (const session of this.#sessions) {
      if (!session.awaitsHead) continue
      if (session.isHeard) {
        session.isHeard = false
        session.silentSinceMs = nowMs
      } else if (nowMs - session.silentSinceMs > PING_IDLE_MS) isSilent = true
    }
    if (isSilent && !this.#isAsking) this.#ask(nowMs)
  }

  #ask(nowMs: number): void {
    this.#isAsking = true
    this.#connect((isDeaf) => {
      this.#isAsking = false
      for (const session of [...this.#sessions]) {
        if (!session.awaitsHead || session.isHeard || nowMs - session.silentSinceMs <= PING_IDLE_MS) continue
        if (isDeaf) session.loseSilent()
        // It is asked again when as much time has passed.
        else session.silentSinceMs = nowMs
      }
    })
  }
}
