import type { HeaderList } from '../../http/header-list.ts'
import { H1ResponseParser } from '../../http/h1/parser.ts'
import type { H1ResponseHead } from '../../http/h1/message.ts'
import type { Channel, ChannelHandler } from '../channel.ts'

/** Who is using a session for one request; told synchronously. */
export interface SessionUser {
  readonly onInformational: (head: H1ResponseHead) => void
  readonly onResponse: (head: H1ResponseHead) => void
  /** Returns whether the bytes were passed on; if not, the user gives credit with `consume` later. */
  readonly onBody: (buffer: Buffer, start: number, end: number) => boolean
  readonly onEnd: (trailers: HeaderList | undefined) => void
  /** The response will not come, or not whole. */
  readonly onFailure: (kind: 'reset' | 'protocol', message: string) => void
  /** Queued request bytes are out. */
  readonly onDrain: () => void
}

/** One HTTP/1.1 connection to an endpoint, in a tunnel or in plaintext, used by one request at a time. */
export class UpstreamSession implements ChannelHandler {
  readonly channel: Channel
  readonly #parser: H1ResponseParser
  readonly #onIdle: (session: UpstreamSession) => void
  readonly #onGone: (session: UpstreamSession) => void
  #user: SessionUser | undefined
  #held = 0
  #isKeptAlive = true
  #isResponseDone = true
  #isRequestDone = true
  #isGone = false
  /** Requests it has carried, the current one included. */
  uses = 0
  /** When it last became idle, monotonic milliseconds. */
  idleSinceMs = 0

  constructor(
    channel: Channel,
    callbacks: {
      readonly onIdle: (session: UpstreamSession) => void
      readonly onGone: (session: UpstreamSession) => void
    },
  ) {
    this.channel = channel
    this.#onIdle = callbacks.onIdle
    this.#onGone = callbacks.onGone
    this.#parser = new H1ResponseParser({
      onInformational: (head) => this.#user?.onInformational(head),
      onResponse: (head) => {
        this.#isKeptAlive = head.keepAlive
        this.#user?.onResponse(head)
      },
      onBody: (buffer, start, end) => {
        if (this.#user !== undefined && !this.#user.onBody(buffer, start, end)) this.#held += end - start
      },
      onEnd: (trailers) => this.#onMessageEnd(trailers),
      onFailure: (failure) => {
        this.#lose('protocol', failure.message)
      },
    })
  }

  get isUsable(): boolean {
    return !this.#isGone && this.#user === undefined
  }

  /** Begins a request; its head follows by `channel`. */
  begin(user: SessionUser, method: string): void {
    this.#user = user
    this.uses++
    this.#isResponseDone = false
    this.#isRequestDone = false
    this.#isKeptAlive = true
    this.#parser.expect(method)
  }

  /** The request has been handed over whole. */
  finishRequest(): void {
    this.#isRequestDone = true
    this.#release()
  }

  /** The user goes; the connection cannot be used again unless the exchange was complete. */
  abandon(): void {
    this.#user = undefined
    if (this.#isGone) return
    this.#isGone = true
    this.channel.abort()
    this.#onGone(this)
  }

  /** Closes an idle session politely. */
  close(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.channel.end()
    this.#onGone(this)
  }

  onData(buffer: Buffer, start: number, end: number): void {
    this.#held = 0
    const consumed = this.#parser.feed(buffer, start, end)
    const passed = end - start - this.#held
    if (this.#isGone) return
    if (passed > 0) this.channel.consume(passed)
    // Bytes behind a complete response that nobody asked for: not to be trusted with another request.
    if (consumed < end) this.#lose('protocol', 'the upstream sent bytes after its response')
  }

  onEnd(): void {
    this.#isKeptAlive = false
    this.#parser.finish()
    if (!this.#isResponseDone) this.#lose('reset', 'the upstream ended the connection before its response was complete')
    else if (this.#user === undefined) this.close()
  }

  onClosed(isClean: boolean): void {
    // Only a clean end may complete a body that is delimited by closing; after an error it would be cut unnoticed.
    if (isClean && !this.#isResponseDone) this.#parser.finish()
    this.#isKeptAlive = false
    if (!this.#isResponseDone) {
      this.#lose('reset', isClean ? 'the upstream closed the connection' : 'the upstream reset the connection')
    } else if (!this.#isGone) {
      this.#isGone = true
      this.#onGone(this)
    }
  }

  onDrain(): void {
    this.#user?.onDrain()
  }

  #onMessageEnd(trailers: HeaderList | undefined): void {
    this.#isResponseDone = true
    const user = this.#user
    user?.onEnd(trailers)
    this.#release()
  }

  /** Back to the pool once both directions are complete, or gone when it may not be used again. */
  #release(): void {
    if (!this.#isResponseDone || !this.#isRequestDone || this.#isGone || this.#user === undefined) return
    this.#user = undefined
    if (this.#isKeptAlive) this.#onIdle(this)
    else this.close()
  }

  #lose(kind: 'reset' | 'protocol', message: string): void {
    if (this.#isGone) return
    this.#isGone = true
    const user = this.#user
    this.#user = undefined
    this.#parser.stop()
    this.channel.abort()
    this.#onGone(this)
    if (!this.#isResponseDone) user?.onFailure(kind, message)
  }
}
