import type { ServedChannel, TunnelServer } from '../entry/tunnel-server.ts'
import { handOver } from '../entry/tunnel-server.ts'
import { HeldBytes } from '../held-bytes.ts'
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
  readonly #channel: ServedChannel
  readonly #options: HelloEntryOptions
  readonly #reader = new ClientHelloReader()
  readonly #held = new HeldBytes()
  #isDecided = false
  #sinceMs = -1

  constructor(channel: ServedChannel, options: HelloEntryOptions) {
    this.#channel = channel
    this.#options = options
  }

  onData(buffer: Buffer, start: number, end: number): void {
    this.#held.push(buffer, start, end)
    const hello = this.#reader.feed(buffer, start, end)
    if (hello !== undefined) this.#decide(hello, false)
  }

  onEnd(): void {
    this.#decide(this.#held.isEmpty ? { kind: 'none' } : { kind: 'invalid', message: 'it breaks off' }, true)
  }

  onClosed(): void {
    this.#leave()
  }

  onDrain(): void {}

  tick(nowMs: number): void {
    if (this.#sinceMs < 0) this.#sinceMs = nowMs
    const { deadlineMs } = this.#options
    if (deadlineMs > 0 && nowMs - this.#sinceMs >= deadlineMs) this.#decide({ kind: 'timeout' }, false)
  }

  closeIfIdle(): void {
    if (this.#held.isEmpty) this.#decide({ kind: 'nothing' }, false)
  }

  abort(): void {
    this.#leave()
    this.#channel.abort()
  }

  #decide(outcome: HelloOutcome | { readonly kind: 'nothing' }, isEnded: boolean): void {
    if (this.#isDecided) return
    this.#isDecided = true
    const server = this.#options.serverFor(outcome)
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
