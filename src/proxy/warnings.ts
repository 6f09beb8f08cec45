import type { Clock } from '../lib/clock.ts'

const INTERVAL_MS = 1000

interface Kind {
  lastMs: number
  held: number
  /** The latest of those that were held. */
  message: string
}

/**
 * Warnings that peers can provoke, one line per kind and second: whoever sends a thousand bad handshakes must not be
 * able to fill the log. What was held is told as a count with the next line of its kind.
 */
export class Warnings {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #write: (message: string) => void
  readonly #kinds = new Map<string, Kind>()

  constructor(clock: Pick<Clock, 'monotonicMs'>, write: (message: string) => void) {
    this.#clock = clock
    this.#write = write
  }

  /** `kind` is one of a few, never anything that a peer has sent. */
  warn(kind: string, message: string): void {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#kinds.get(kind)
    if (known !== undefined && nowMs - known.lastMs < INTERVAL_MS) {
      known.held++
      known.message = message
      return
    }
    if (known === undefined) this.#kinds.set(kind, { lastMs: nowMs, held: 0, message: '' })
    else this.#restart(known, nowMs)
    this.#write(message)
  }

  /** Tells what was held and is due; called every second or so. */
  tick(): void {
    const nowMs = this.#clock.monotonicMs()
    for (const kind of this.#kinds.values()) {
      if (kind.held > 0 && nowMs - kind.lastMs >= INTERVAL_MS) this.#restart(kind, nowMs)
    }
  }

  #restart(kind: Kind, nowMs: number): void {
    const { held, message } = kind
    kind.lastMs = nowMs
    kind.held = 0
    if (held > 0) this.#write(`${message} (the latest of ${held} such warnings)`)
  }
}
