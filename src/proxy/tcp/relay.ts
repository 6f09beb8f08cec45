import { ignoreChannel } from '../channel.ts'
import type { ChannelHandler } from '../channel.ts'
import type { ServedChannel } from '../entry/tunnel-server.ts'
import { Flow } from './flow.ts'

/** How a connection came to its end: in order on both sides, or reset with an error by one of them. */
export type RelayEnd = 'ended' | 'client-reset' | 'upstream-reset'

/** How long one side may stay open when the other is gone and has everything. */
const CLOSE_TIMEOUT_MS = 5000

/**
 * Two channels as one connection. Ends of a direction pass as such, so that either side may go on when the other has
 * said all. A reset that reads as an end (NO_ERROR, CANCEL; contract 1.8) is one for the other side too, which has some
 * seconds to follow; one with an error becomes an error, at once.
 */
export class Relay {
  readonly #client: ServedChannel
  readonly #upstream: ServedChannel
  readonly #onOver: (end: RelayEnd) => void
  readonly request: Flow
  readonly response: Flow
  #isOver = false
  #closingSinceMs = 0

  /** The owner gives it what the client's channel says; of the other one it is the handler from here on. */
  constructor(client: ServedChannel, upstream: ServedChannel, owner: RelayOwner) {
    this.#client = client
    this.#upstream = upstream
    this.#onOver = owner.onOver
    this.request = new Flow(client, upstream)
    this.response = new Flow(upstream, client)
    upstream.handler = this.#upstreamHandler(owner.onFault)
  }

  onData(buffer: Buffer, start: number, end: number): void {
    this.request.pass(buffer, start, end)
  }

  onEnd(): void {
    this.request.end()
    this.#settle()
  }

  onClosed(isClean: boolean): void {
    if (this.#isOver) return
    if (!isClean) {
      this.#upstream.abort()
      return this.#finish('client-reset')
    }
    this.response.drop()
    this.onEnd()
  }

  onDrain(): void {
    this.response.drain()
    this.#settle()
  }

  /** Ends both sides, visibly as an error. */
  abort(): void {
    this.#isOver = true
    this.#client.abort()
    this.#upstream.abort()
  }

  /** Called every second or so. */
  tick(nowMs: number): void {
    this.#settle()
    const { request, response } = this
    // The side that is left must have had everything before its time begins.
    const isLast = (response.isDropped && request.isOver) || (request.isDropped && response.isOver)
    if (this.#isOver || !isLast) return
    if (this.#closingSinceMs === 0) this.#closingSinceMs = nowMs
    else if (nowMs - this.#closingSinceMs > CLOSE_TIMEOUT_MS) {
      if (response.isDropped) this.#upstream.cut()
      else this.#client.cut()
      this.#finish('ended')
    }
  }

  /** What a plaintext connection says has no other guard. */
  #upstreamHandler(onFault: (error: unknown) => void): ChannelHandler {
    const guard = (run: () => void): void => {
      try {
        run()
      } catch (error) {
        onFault(error)
      }
    }
    return {
      onData: (buffer, start, end) => {
        try {
          this.response.pass(buffer, start, end)
        } catch (error) {
          onFault(error)
        }
      },
      onEnd: () =>
        guard(() => {
          this.response.end()
          this.#settle()
        }),
      onClosed: (isClean) => guard(() => this.#onUpstreamClosed(isClean)),
      onDrain: () =>
        guard(() => {
          this.request.drain()
          this.#settle()
        }),
    }
  }

  #onUpstreamClosed(isClean: boolean): void {
    if (this.#isOver) return
    if (!isClean) {
      this.#client.abort()
      return this.#finish('upstream-reset')
    }
    this.request.drop()
    this.response.end()
    this.#settle()
  }

  #settle(): void {
    if (!this.#isOver && this.request.isOver && this.response.isOver) this.#finish('ended')
  }

  #finish(end: RelayEnd): void {
    this.#isOver = true
    this.#client.handler = ignoreChannel
    this.#upstream.handler = ignoreChannel
    this.#onOver(end)
  }
}

/** Whoever the relay works for. */
export interface RelayOwner {
  /** Called once, unless the owner aborts. */
  readonly onOver: (end: RelayEnd) => void
  /** Our own code threw: the connection is to be given up, the others go on. */
  readonly onFault: (error: unknown) => void
}
