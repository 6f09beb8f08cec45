import { TunnelWatch } from '../limits/tunnel-watch.ts'
import type { RestExpiry } from '../limits/tunnel-watch.ts'
import type { Deadlines } from '../limits/deadlines.ts'
import { HeldTunnel } from './held-tunnel.ts'
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
 * A tunnel until it is known what is spoken on it; the next server gets what has come as if it had been there from the
 * beginning. Once per tunnel.
 */
export class TunnelEntry implements TunnelServer {
  readonly #channel: ServedChannel
  readonly #options: TunnelEntryOptions
  readonly #watch: TunnelWatch
  readonly #tunnel: HeldTunnel

  constructor(channel: ServedChannel, options: TunnelEntryOptions) {
    this.#channel = channel
    this.#options = options
    this.#watch = new TunnelWatch(options.deadlines)
    this.#tunnel = new HeldTunnel(channel, () => options.onClosed(this))
  }

  onData(buffer: Buffer, start: number, end: number): void {
    const spoken = this.#options.sniffer.feed(buffer, start, end)
    if (spoken === undefined) return this.#tunnel.held.push(buffer, start, end)
    this.#decide(spoken, false)
    this.#channel.handler.onData(buffer, start, end)
  }

  /** What was said is all that will be. */
  onEnd(): void {
    this.#decide(this.#options.sniffer.guess(), true)
  }

  onClosed(): void {
    this.#tunnel.leave()
  }

  onDrain(): void {}

  tick(nowMs: number): void {
    const expiry = this.#watch.checkRest(nowMs, this.#tunnel.held.isEmpty)
    if (expiry === undefined || this.#tunnel.isOver) return
    this.#options.onExpired(expiry)
    this.#decide('nothing', false)
  }

  closeIfIdle(): void {
    if (this.#tunnel.held.isEmpty) this.#decide('nothing', false)
  }

  abort(): void {
    this.#tunnel.abort()
  }

  /** Enough was waited for. */
  giveUp(): void {
    this.#decide(this.#options.sniffer.guess(), false)
  }

  #decide(spoken: Spoken | 'nothing', isEnded: boolean): void {
    this.#tunnel.passTo(() => this.#options.serverFor(spoken), isEnded)
  }
}
