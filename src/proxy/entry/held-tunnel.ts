import { HeldBytes } from '../held-bytes.ts'
import { handOver } from './tunnel-server.ts'
import type { ServedChannel, TunnelServer } from './tunnel-server.ts'

/**
 * A tunnel of which it is not known yet who serves it, with what has come on it: kept, and not consumed, so that the
 * window bounds it. It goes to its server or ends, whichever is first; then it is gone.
 */
export class HeldTunnel {
  readonly held = new HeldBytes()
  readonly #channel: ServedChannel
  readonly #onClosed: () => void
  #isOver = false

  /** `onClosed`: nothing is left of it, or its server is about to have it. */
  constructor(channel: ServedChannel, onClosed: () => void) {
    this.#channel = channel
    this.#onClosed = onClosed
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Who it goes to is asked once at most. */
  passTo(findServer: () => TunnelServer, isEnded: boolean): void {
    if (this.#isOver) return
    this.#isOver = true
    let server: TunnelServer
    try {
      server = findServer()
    } finally {
      this.#onClosed()
    }
    handOver(this.#channel, server, { held: this.held, isEnded })
  }

  /** It has ended. */
  leave(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.held.drop()
    this.#onClosed()
  }

  abort(): void {
    this.leave()
    this.#channel.abort()
  }
}
