import type { ServedChannel, TunnelServer } from './tunnel-server.ts'

/** How long a client may keep its direction open after we ended ours. */
const CLOSE_TIMEOUT_MS = 5000

/** Ends a tunnel on which we have said nothing: politely, and if the client does not follow without asking. */
export class Farewell implements TunnelServer {
  readonly #channel: ServedChannel
  readonly #onClosed: (farewell: Farewell) => void
  #sinceMs = -1

  constructor(channel: ServedChannel, onClosed: (farewell: Farewell) => void) {
    this.#channel = channel
    this.#onClosed = onClosed
  }

  start(): void {
    this.#channel.end()
  }

  onData(_buffer: Buffer, start: number, end: number): void {
    this.#channel.consume(end - start)
  }

  onEnd(): void {
    this.#onClosed(this)
  }

  onClosed(): void {
    this.#onClosed(this)
  }

  onDrain(): void {}

  tick(nowMs: number): void {
    if (this.#sinceMs < 0) this.#sinceMs = nowMs
    if (nowMs - this.#sinceMs <= CLOSE_TIMEOUT_MS) return
    this.#onClosed(this)
    this.#channel.cut()
  }

  closeIfIdle(): void {}

  abort(): void {
    this.#onClosed(this)
    this.#channel.abort()
  }
}
