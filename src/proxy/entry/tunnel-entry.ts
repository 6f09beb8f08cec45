import { HeldBytes } from '../held-bytes.ts'
import { TunnelWatch } from '../limits/tunnel-watch.ts'
import type { RestExpiry } from '../limits/tunnel-watch.ts'
import type { Deadlines } from '../limits/deadlines.ts'
import { handOver } from './tunnel-server.ts'
import type { ServedChannel, TunnelServer } from './tunnel-server.ts'
import type { Sniffer, Spoken } from './sniffer.ts'

export interface TunnelEntryOptions {
  readonly sniffer: Sniffer
  readonly deadlines: Deadlines
  /** Who serves what is spoken, or ends the tunnel (`nothing`); called once, unless the tunnel ends before. */
  readonly serverFor: (spoken: Spoken | 'nothing') => TunnelServer
  /** A deadline has passed without a sign of what is spoken, and the tunnel is ended. */
  readonly onExpired: (expiry: RestExpiry) => void
  /** Nothing is left of the tunnel, or another server has it. */
  readonly onClosed: (entry: TunnelEntry) => void
}

/**
 * A tunnel until it is known what is spoken on it. What comes meanwhile is kept, and not consumed, so that the window
 * bounds it; the next server gets it as if it had been there from the beginning. Once per tunnel; then it is gone.
 */
export class TunnelEntry implements TunnelServer {
  readonly #channel: ServedChannel
  readonly #options: TunnelEntryOptions
  readonly #watch: TunnelWatch
  readonly #held = new HeldBytes()
  #isDecided = false

  constructor(channel: ServedChannel, options: TunnelEntryOptions) {
    this.#channel = channel
    this.#options = options
    this.#watch = new TunnelWatch(options.deadlines)
  }

  onData(buffer: Buffer, start: number, end: number): void {
    const spoken = this.#options.sniffer.feed(buffer, start, end)
    if (spoken === undefined) return this.#held.push(buffer, start, end)
    this.#decide(spoken, false)
    this.#channel.handler.onData(buffer, start, end)
  }

  /** What was said is all that will be. */
  onEnd(): void {
    this.#decide('other', true)
  }

  onClosed(): void {
    this.#leave()
  }

  onDrain(): void {}

  tick(nowMs: number): void {
    const expiry = this.#watch.checkRest(nowMs, this.#held.isEmpty)
    if (expiry === undefined || this.#isDecided) return
    this.#options.onExpired(expiry)
    this.#decide('nothing', false)
  }

  closeIfIdle(): void {
    if (this.#held.isEmpty) this.#decide('nothing', false)
  }

  abort(): void {
    this.#leave()
    this.#channel.abort()
  }

  /** Enough was waited for: it is nothing that is known. */
  giveUp(): void {
    this.#decide('other', false)
  }

  #decide(spoken: Spoken | 'nothing', isEnded: boolean): void {
    if (this.#isDecided) return
    this.#isDecided = true
    const server = this.#options.serverFor(spoken)
    this.#options.onClosed(this)
    handOver(this.#channel, server, { held: this.#held, isEnded })
  }

  #leave(): void {
    if (this.#isDecided) return
    this.#isDecided = true
    this.#held.drop()
    this.#options.onClosed(this)
  }
}
