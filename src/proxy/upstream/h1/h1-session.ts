import type { HeaderList } from '../../../http/header-list.ts'
import { CHUNK_END, chunkHeader, encodeLastChunk, LAST_CHUNK } from '../../../http/h1/encode.ts'
import { H1ResponseParser } from '../../../http/h1/parser.ts'
import { CHUNKED } from '../../../http/h1/message.ts'
import type { Channel, ChannelHandler } from '../../channel.ts'
import { HeldBytes } from '../../held-bytes.ts'
import type { Deferrable, TurnBudget } from '../../limits/turn-budget.ts'
import type { SessionUser, UpstreamRequest, UpstreamSession } from '../session.ts'
import { keptForMs } from './kept-for.ts'
import type { WatchedSession } from './silence-watch.ts'

/** Who keeps a session; each is told of synchronously. */
export interface H1Keeper {
  /** Both directions of an exchange are complete, and another one may follow. */
  readonly onIdle: (session: H1Session) => void
  /** It takes no further request. */
  readonly onGone: (session: H1Session) => void
  /** Nothing is left of it: for sessions that were closed politely this comes when the peer has closed too. */
  readonly onClosed?: (session: H1Session) => void
  /** Our own code threw: the exchange is given up. Default: thrown on. */
  readonly onFault?: (error: unknown) => void
}

/** One HTTP/1.1 connection to an endpoint, in a tunnel or in plaintext, used by one request at a time. */
export class H1Session implements UpstreamSession, ChannelHandler, Deferrable, WatchedSession {
  readonly version = 1
  readonly #channel: Channel
  readonly #parser: H1ResponseParser
  readonly #keeper: H1Keeper
  readonly #turns: TurnBudget | undefined
  /** What came when the turn had no room for it. */
  readonly #backlog = new HeldBytes()
  #user: SessionUser | undefined
  #held = 0
  /** Of the body, in what is read at the moment. */
  #pieces = 0
  #isKeptAlive = true
  #isResponseDone = true
  #isRequestDone = true
  #hasHead = false
  #isChunked = false
  #mayUpgrade = false
  /** Switched to another protocol: what comes is body until the end, and what goes too. */
  #isUpgraded = false
  /** Takes no further request. */
  #isGone = false
  #isPeerDone = false
  /** Closed in both directions. */
  #isClosed = false
  /** When somebody saw first that it is idle, monotonic milliseconds; -1: not yet. */
  #idleSinceMs = -1
  /** How long the endpoint keeps it when it is idle, by its first answer; `undefined`: there was none yet. */
  #keptForMs: number | undefined
  isReused = false
  isHeard = true
  silentSinceMs = 0

  /** Without `turns` everything is read as it comes. */
  constructor(channel: Channel, keeper: H1Keeper, turns?: TurnBudget) {
    this.#channel = channel
    this.#keeper = keeper
    this.#turns = turns
    this.#parser = new H1ResponseParser({
      onInformational: (head) => this.#user?.onInformational(head),
      onResponse: (head) => {
        // Nobody asked for it, or knows what follows: the client would take that for another protocol.
        if (head.status < 200 && !(this.#mayUpgrade && head.headers.hasLower('upgrade')))
          return this.#lose('protocol', `the upstream answered ${head.status}`)
        this.#isKeptAlive = head.keepAlive
        this.#keptForMs ??= keptForMs(head.headers)
        this.#isUpgraded = head.status === 101
        this.#hasHead = true
        this.#user?.onResponse(head)
      },
      onBody: (buffer, start, end) => {
        this.#pieces++
        if (this.#user !== undefined && !this.#user.onBody(buffer, start, end)) this.#held += end - start
      },
      onEnd: (trailers) => this.#onMessageEnd(trailers),
      onFailure: (failure) => this.#lose(failure.code === 'truncated' ? 'reset' : 'protocol', failure.message),
    })
  }

  get isUsable(): boolean {
    return !this.#isGone && this.#user === undefined && this.#channel.isLasting
  }

  /**
   * Whether it has been idle for longer than `idleTimeoutMs`, or the endpoint is about to close it, since it was asked for
   * the first time: so nobody looks at a clock for each request that ends.
   */
  isExpired(nowMs: number, idleTimeoutMs: number): boolean {
    if (this.#idleSinceMs < 0) this.#idleSinceMs = nowMs
    const idleMs = nowMs - this.#idleSinceMs
    return idleMs > idleTimeoutMs || idleMs >= (this.#keptForMs ?? Number.POSITIVE_INFINITY)
  }

  park(): void {
    if (this.isUsable) this.#keeper.onIdle(this)
    else this.close()
  }

  get queuedBytes(): number {
    return this.#channel.queuedBytes
  }

  get awaitsHead(): boolean {
    return this.#user !== undefined && !this.#hasHead
  }

  loseSilent(): void {
    this.#lose('reset', 'the upstream is gone without a word')
  }

  begin(user: SessionUser, request: UpstreamRequest): void {
    this.#user = user
    this.isHeard = true
    this.#hasHead = false
    this.#isResponseDone = false
    this.#isRequestDone = false
    this.#isKeptAlive = true
    this.#isChunked = request.bodyLength === CHUNKED
    this.#mayUpgrade = request.upgrade !== undefined
    this.#parser.expect(request.method)
    this.#channel.sendText(request.h1Head ?? '')
  }

  write(buffer: Buffer, start: number, end: number): boolean {
    const channel = this.#channel
    if (!this.#isChunked) return channel.send(buffer, start, end)
    channel.sendText(chunkHeader(end - start))
    channel.send(buffer, start, end)
    return channel.sendText(CHUNK_END)
  }

  finish(trailers: HeaderList | undefined): void {
    if (this.#isChunked) {
      const last = encodeLastChunk(trailers)
      this.#channel.sendText(typeof last === 'string' ? last : LAST_CHUNK)
    }
    this.#isRequestDone = true
    if (this.#isUpgraded) this.#channel.end()
    this.#release()
  }

  consume(bytes: number): void {
    this.#channel.consume(bytes)
  }

  handOver(user: SessionUser): void {
    if (this.#user !== undefined) this.#user = user
  }

  /** The connection cannot be used again unless the exchange was complete. */
  abandon(): void {
    this.#user = undefined
    if (this.#isGone) return
    this.#channel.abort()
    this.#leave()
    this.#tellClosed()
  }

  /** Closes an idle session politely: our direction now, the rest when the peer follows, or with `cut`. */
  close(): void {
    if (this.#isGone) return
    this.#leave()
    this.#channel.end()
    if (this.#isPeerDone) this.#tellClosed()
  }

  closeIdle(): boolean {
    if (!this.isUsable) return false
    this.close()
    return true
  }

  /** Ends what `close` began. */
  cut(): void {
    if (this.#isClosed) return
    this.#channel.cut()
    this.#tellClosed()
  }

  onData(buffer: Buffer, start: number, end: number): void {
    this.isHeard = true
    // Behind our own end nothing is due; the window, which is not given back, bounds what comes.
    if (this.#isGone) return this.#channel.discard(end - start)
    if (!this.#backlog.isEmpty || this.#turns?.takePiece(this) === false) {
      return this.#backlog.push(buffer, start, end)
    }
    try {
      this.#feed(buffer, start, end)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** There is room for more input in this turn. */
  resume(): void {
    try {
      do this.#feedHeld()
      while (!this.#backlog.isEmpty && this.#turns?.takePiece(this) !== false)
    } catch (error) {
      this.#fail(error)
    }
  }

  onEnd(): void {
    this.#isPeerDone = true
    if (this.#isGone) return this.#tellClosed()
    this.#isKeptAlive = false
    try {
      while (!this.#backlog.isEmpty) this.#feedHeld()
      this.#finishResponse()
      if (!this.#isResponseDone) {
        this.#lose('reset', 'the upstream ended the connection before its response was complete')
      } else if (this.#user === undefined) this.close()
    } catch (error) {
      this.#fail(error)
    }
  }

  onClosed(isClean: boolean, isRefused: boolean): void {
    if (this.#isGone) return this.#tellClosed()
    this.#isKeptAlive = false
    try {
      while (!this.#backlog.isEmpty) this.#feedHeld()
      // Only a clean end may complete a body that is delimited by closing; after an error it would be cut unnoticed.
      if (isClean && !this.#isResponseDone) this.#finishResponse()
      if (!this.#isResponseDone) {
        const how = isClean ? 'closed' : isRefused ? 'refused' : 'reset'
        this.#lose(isRefused ? 'refused' : 'reset', `the upstream ${how} the connection`)
      }
    } catch (error) {
      this.#fail(error)
    }
    this.#leave()
    this.#tellClosed()
  }

  onDrain(): void {
    try {
      this.#user?.onDrain()
    } catch (error) {
      this.#fail(error)
    }
  }

  #feed(buffer: Buffer, start: number, end: number): void {
    this.#held = 0
    this.#pieces = 0
    const consumed = this.#isUpgraded ? this.#passOn(buffer, start, end) : this.#parser.feed(buffer, start, end)
    const passed = consumed - start - this.#held
    if (this.#pieces > 1) this.#turns?.spend(this.#pieces)
    if (this.#isGone) return this.#channel.discard(passed)
    if (passed > 0) this.#channel.consume(passed)
    if (consumed < end && this.#isUpgraded) return this.#feed(buffer, consumed, end)
    // Bytes behind a complete response that nobody asked for: not to be trusted with another request.
    if (consumed < end) this.#lose('protocol', 'the upstream sent bytes after its response')
  }

  #passOn(buffer: Buffer, start: number, end: number): number {
    if (this.#user?.onBody(buffer, start, end) === false) this.#held += end - start
    return end
  }

  /** The endpoint has ended its direction. */
  #finishResponse(): void {
    if (this.#isUpgraded) this.#endResponse(undefined)
    else this.#parser.finish()
  }

  #feedHeld(): void {
    const piece = this.#backlog.shift()
    if (piece !== undefined) this.#feed(piece.buffer, piece.start, piece.end)
  }

  #onMessageEnd(trailers: HeaderList | undefined): void {
    // Behind a 101 it is only just beginning.
    if (!this.#isUpgraded) this.#endResponse(trailers)
  }

  #endResponse(trailers: HeaderList | undefined): void {
    this.#isResponseDone = true
    const user = this.#user
    user?.onEnd(trailers)
    this.#release()
  }

  /** Back to the pool once both directions are complete, or gone when it may not be used again. */
  #release(): void {
    if (!this.#isResponseDone || !this.#isRequestDone || this.#isGone || this.#user === undefined) return
    this.#user = undefined
    this.#idleSinceMs = -1
    this.isReused = true
    // What waits behind a complete response would be taken for the next one.
    if (this.#isKeptAlive && this.#channel.isLasting && this.#backlog.isEmpty) this.#keeper.onIdle(this)
    else this.close()
  }

  #lose(kind: 'reset' | 'refused' | 'protocol', message: string): void {
    if (this.#isGone) return
    const user = this.#user
    this.#user = undefined
    try {
      this.#parser.stop()
      this.#channel.abort()
      this.#leave()
      this.#tellClosed()
    } finally {
      if (!this.#isResponseDone) user?.onFailure(kind, message)
    }
  }

  /** A bug of ours: whoever waits for this response must not wait for ever. */
  #fail(error: unknown): void {
    const { onFault } = this.#keeper
    // It may have come whole, and not to whoever waits for it.
    this.#isResponseDone = false
    this.#lose('protocol', 'the proxy failed')
    if (onFault === undefined) throw error
    onFault(error)
  }

  #leave(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#channel.discard(this.#backlog.drop())
    this.#keeper.onGone(this)
  }

  #tellClosed(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#keeper.onClosed?.(this)
  }
}
