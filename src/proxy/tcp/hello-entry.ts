import type { ServedChannel, TunnelServer } from '../entry/tunnel-server.ts'
import { HeldTunnel } from '../entry/held-tunnel.ts'
import { ClientHelloReader } from './client-hello.ts'
import type { ClientHello } from './client-hello.ts'

/** What a tunnel turned out to begin with, or that this was not to be seen in time. */
export type HelloOutcome = ClientHello | { readonly kind: 'timeout' }

export interface HelloEntryOptions {
  /** From the tunnel on; 0 for ever. */
  readonly deadlineMs: number
  /** Who carries it, or ends it (`nothing`); called once, unless the tunnel ends before. */
  readonly serverFor: (outcome: HelloOutcome | { readonly kind: 'nothing' }) => TunnelServer
  /** Nothing is left of it, or another has it. */
  readonly onClosed: (entry: HelloEntry) => void
}

/** A tunnel until its TLS client has said which server it wants; the next server gets the hello as it came. */
export class HelloEntry implements TunnelServer {
  readonly #options: HelloEntryOptions
  readonly #reader = new ClientHelloReader()
  readonly #tunnel: HeldTunnel
  #sinceMs = -1

  constructor(channel: ServedChannel, options: HelloEntryOptions) {
    this.#options = options
    this.#tunnel = new HeldTunnel(channel, () => options.onClosed(this))
  }

  onData(buffer: Buffer, start: number, end: number): void {
    this.#tunnel.held.push(buffer, start, end)
    const hello = this.#reader.feed(buffer, start, end)
    if (hello !== undefined) this.#decide(hello, false)
  }

  onEnd(): void {
    this.#decide(this.#tunnel.held.isEmpty ? { kind: 'none' } : { kind: 'invalid', message: 'it breaks off' }, true)
  }

  onClosed(): void {
    this.#tunnel.leave()
  }

  onDrain(): void {}

  tick(nowMs: number): void {
    if (this.#sinceMs < 0) this.#sinceMs = nowMs
    const { deadlineMs } = this.#options
    if (deadlineMs > 0 && nowMs - this.#sinceMs >= deadlineMs) this.#decide({ kind: 'timeout' }, false)
  }

  closeIfIdle(): void {
    if (this.#tunnel.held.isEmpty) this.#decide({ kind: 'nothing' }, false)
  }

  abort(): void {
    this.#tunnel.abort()
  }

  #decide(outcome: HelloOutcome | { readonly kind: 'nothing' }, isEnded: boolean): void {
    this.#tunnel.passTo(() => this.#options.serverFor(outcome), isEnded)
  }
}
