import type { HeaderList } from '../http/header-list.ts'
import type { H1Failure, H1RequestHead, RequestStart } from '../http/h1/message.ts'
import { H1RequestParser } from '../http/h1/parser.ts'
import { findFrontend } from '../snapshot/resolve.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { Channel, ChannelHandler } from './channel.ts'
import { HeldBytes, ownPiece } from './held-bytes.ts'
import type { Piece } from './held-bytes.ts'
import type { Deadlines } from './limits/deadlines.ts'
import { expireExchange } from './limits/expire-exchange.ts'
import { TunnelWatch } from './limits/tunnel-watch.ts'
import type { RestExpiry } from './limits/tunnel-watch.ts'
import type { Deferrable, TurnBudget } from './limits/turn-budget.ts'
import { giveBackPiece } from './limits/waiting-bytes.ts'
import { faultOfH1, lateHead, lostHead, noteFault, replyToFault } from './malformed/fault.ts'
import type { Fault } from './malformed/fault.ts'
import { answerRefused, tellRefused } from './malformed/refused-request.ts'
import type { OverloadReason } from './overload/overload-reason.ts'
import type { Applicant, SourceLoad } from './overload/source-load.ts'
import { beginExchange, startExchange } from './request/begin-exchange.ts'
import type { BeginDeps, TunnelOrigin } from './request/begin-exchange.ts'
import type { OwnedExchange } from './request/exchange-owner.ts'
import { H1ResponseSink } from './response/h1-response-sink.ts'
import type { LiveStream } from './security/live/live-review.ts'

export interface DownstreamDeps extends BeginDeps {
  readonly isDraining: () => boolean
  readonly deadlines: Deadlines
  /** Shared by all tunnels of the process. */
  readonly turns: TurnBudget
  /** Nothing is left of the tunnel. */
  readonly onClosed: (downstream: Downstream) => void
}

/** How long a client may keep its direction open after we ended ours. */
const CLOSE_TIMEOUT_MS = 5000

/** The HTTP/1.1 server side of one tunnel: requests one after the other, each an exchange of its own. */
export class Downstream implements ChannelHandler, Deferrable, Applicant {
  readonly channel: Channel & { handler: ChannelHandler }
  readonly sink: H1ResponseSink
  readonly load: SourceLoad
  readonly way: object
  waitingSinceMs = 0
  readonly #origin: TunnelOrigin
  readonly #deps: DownstreamDeps
  readonly #parser: H1RequestParser
  #exchange: OwnedExchange | undefined
  /** Bytes that wait for the exchange before them; the window bounds them, since they are not consumed. */
  readonly #backlog = new HeldBytes()
  #held = 0
  /** Of the body, in what is read at the moment. */
  #pieces = 0
  /** Of what was in the backlog, somebody has got a part as bytes. */
  #hasPassedOn = false
  #isPeerDone = false
  /** We have ended our direction, or it is gone. */
  #isClosing = false
  #closingSinceMs = 0
  readonly #watch: TunnelWatch
  #isFeeding = false
  /** This turn has had its share of requests: the backlog waits for the next. */
  #isDeferred = false
  /** It is the next request's turn, and there is no time for it. */
  #refusal: OverloadReason | undefined
  #isRequestWhole = false
  /** The exchange has switched to another protocol: what comes is body of it. */
  #isUpgraded = false

  constructor(channel: Channel & { handler: ChannelHandler }, origin: TunnelOrigin, deps: DownstreamDeps) {
    this.channel = channel
    this.sink = new H1ResponseSink(channel)
    this.load = origin.load
    this.way = origin.source
    this.#origin = origin
    this.#deps = deps
    this.#watch = new TunnelWatch(deps.deadlines)
    this.#parser = new H1RequestParser({
      onRequest: (head) => this.#onRequest(head),
      onBody: (buffer, start, end) => {
        this.#pieces++
        this.#hasPassedOn = true
        if (this.#exchange !== undefined && !this.#exchange.onRequestBody(buffer, start, end)) this.#held += end - start
      },
      onEnd: (trailers) => this.#onRequestEnd(trailers),
      onFailure: (failure, start) => this.#onParseFailure(failure, start),
    })
  }

  /** We end, or the connection that the tunnel is on. */
  get isDraining(): boolean {
    return this.#deps.isDraining() || !this.channel.isLasting
  }

  get isGone(): boolean {
    return this.#isClosing
  }

  onData(buffer: Buffer, start: number, end: number): void {
    if (this.#isClosing) return this.channel.consume(end - start)
    if (this.#isBusy()) {
      this.#backlog.push(buffer, start, end)
      return
    }
    this.#feed(buffer, start, end)
  }

  onEnd(): void {
    this.#isPeerDone = true
    if (this.#isClosing) this.#deps.onClosed(this)
    else if (this.#backlog.isEmpty) this.#finishInput()
  }

  onClosed(): void {
    const isInHead = !this.#isClosing && this.#exchange === undefined && !this.#parser.isIdle
    if (isInHead) this.#tellRefused(lostHead, this.#parser.start)
    this.#isClosing = true
    this.#deps.onClosed(this)
    this.#parser.stop()
    this.#backlog.drop()
    this.#takeExchange()?.onDownstreamGone()
  }

  onDrain(): void {
    try {
      this.#exchange?.onDownstreamDrain()
    } catch (error) {
      this.#fail(error)
    }
  }

  consume(bytes: number): void {
    this.channel.consume(bytes)
  }

  /** The exchange is over: the next request, or the end. */
  onExchangeDone(mayContinue: boolean): void {
    this.#takeExchange()
    if (!mayContinue) return this.#close()
    if (!this.#isFeeding) this.#drainBacklog()
  }

  onUpgraded(): void {
    this.#isUpgraded = true
    this.#isRequestWhole = false
    if (!this.#isFeeding) this.#drainBacklog()
  }

  /** For draining: a tunnel without a request ends now. */
  closeIfIdle(): void {
    if (this.#exchange === undefined && this.#parser.isIdle && this.#backlog.isEmpty) this.#close()
  }

  /** Ends the tunnel visibly as an error. */
  abort(): void {
    this.#isClosing = true
    this.#deps.onClosed(this)
    this.#takeExchange()
    this.#backlog.drop()
    this.#parser.stop()
    this.channel.abort()
  }

  /** There is room for more requests in this turn. */
  resume(): void {
    this.#isDeferred = false
    try {
      this.#drainBacklog()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** There is no time for the request that waits. */
  refuse(reason: OverloadReason): void {
    this.#refusal = reason
    this.resume()
    this.#refusal = undefined
  }

  /** What it lies beside would be kept as long as it. */
  park(): void {
    const first = this.#backlog.shift()
    if (first === undefined) return
    this.#backlog.putBack(this.#deps.turns.parkedBytes.keep(first.buffer, first.start, first.end))
    giveBackPiece(first)
  }

  live(): readonly LiveStream[] {
    return this.#exchange === undefined ? [] : [this]
  }

  review(snapshot: Snapshot): void {
    const frontend = findFrontend(snapshot, this.#origin.authority)
    if (frontend === undefined) return
    try {
      this.#exchange?.review(frontend)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Called every second or so: whoever keeps us waiting beyond a deadline has had it. */
  tick(nowMs: number): void {
    try {
      this.#tick(nowMs)
    } catch (error) {
      this.#fail(error)
    }
  }

  #tick(nowMs: number): void {
    if (this.#isClosing) return this.#tickClosing(nowMs)
    const exchange = this.#exchange
    if (exchange === undefined) {
      const expiry = this.#watch.checkRest(nowMs, this.#parser.isIdle)
      if (expiry !== undefined) this.#onRestExpiry(expiry)
    } else {
      const expiry = this.#watch.checkExchange(nowMs, exchange, this.channel.queuedBytes)
      if (expiry !== undefined) expireExchange(exchange, expiry, this.#deps)
    }
  }

  #onRestExpiry(expiry: RestExpiry): void {
    const { deadlines } = this.#deps.counters
    if (expiry === 'keep-alive') {
      deadlines.keepAliveIdle++
      return this.#close()
    }
    deadlines.requestHead++
    this.#refuse(lateHead, this.#parser.start)
  }

  /** A client that does not follow our end is cut off. */
  #tickClosing(nowMs: number): void {
    if (this.#closingSinceMs === 0) this.#closingSinceMs = nowMs
    else if (nowMs - this.#closingSinceMs > CLOSE_TIMEOUT_MS) {
      this.#deps.onClosed(this)
      this.channel.cut()
    }
  }

  /** A whole request is in and not answered yet: what comes now is the next one. */
  #isBusy(): boolean {
    return this.#isFeeding || this.#isAnswering() || !this.#backlog.isEmpty
  }

  #isAnswering(): boolean {
    return this.#exchange !== undefined && this.#isRequestWhole
  }

  #feed(buffer: Buffer, from: number, end: number): void {
    let at = from
    this.#isFeeding = true
    try {
      while (at < end && !this.#isClosing) {
        if (this.#isAnswering()) break
        const { turns } = this.#deps
        this.#isDeferred = !this.#takeTurn(turns)
        if (this.#isDeferred) break
        this.#held = 0
        this.#pieces = 0
        const next = this.#isUpgraded ? this.#passOn(buffer, at, end) : this.#parser.feed(buffer, at, end)
        const exchange = this.#exchange
        if (exchange !== undefined) exchange.record.requestBytes += next - at
        const passed = next - at - this.#held
        if (passed > 0) this.channel.consume(passed)
        if (this.#pieces > 1) turns.spend(this.#pieces)
        at = next
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isFeeding = false
    }
    if (at < end && !this.#isClosing) this.#backlog.putBack(this.#keep(buffer, at, end))
  }

  /** Others lie in the same 64 KB that were read: those would stay as long as any of them. */
  #keep(buffer: Buffer, start: number, end: number): Piece {
    return this.#isDeferred ? this.#deps.turns.bytes.keep(buffer, start, end) : ownPiece(buffer, start, end)
  }

  #takeTurn(turns: TurnBudget): boolean {
    if (this.#exchange !== undefined) return turns.takePiece(this)
    return this.#refusal !== undefined || turns.takeRequest(this)
  }

  #passOn(buffer: Buffer, start: number, end: number): number {
    this.#hasPassedOn = true
    if (this.#exchange?.onRequestBody(buffer, start, end) === false) this.#held += end - start
    return end
  }

  #fail(error: unknown): void {
    this.#deps.onError('a tunnel failed', error)
    this.#exchange?.onDownstreamGone()
    this.abort()
  }

  #drainBacklog(): void {
    while (!this.#backlog.isEmpty && !this.#isAnswering() && !this.#isClosing && !this.#isDeferred) {
      const next = this.#backlog.shift()
      if (next === undefined) break
      this.#hasPassedOn = false
      this.#feed(next.buffer, next.start, next.end)
      // A body may be held by whoever got it; heads are made into text.
      if (!this.#hasPassedOn) giveBackPiece(next)
    }
    if (this.#isPeerDone && this.#backlog.isEmpty) this.#finishInput()
  }

  #onRequest(head: H1RequestHead): void {
    const refusal = this.#refusal
    this.#refusal = undefined
    const exchange = beginExchange(head, { origin: this.#origin, owner: this, refusal }, this.#deps)
    // A tunnel exists only since a snapshot was in force.
    if (exchange === undefined) return this.abort()
    this.#exchange = exchange
    this.load.requests++
    this.#watch.restart()
    this.#isRequestWhole = head.bodyLength === 0
    this.sink.begin(head, exchange.record)
    startExchange(exchange)
  }

  /** The exchange, which is ours no more. */
  #takeExchange(): OwnedExchange | undefined {
    const exchange = this.#exchange
    if (exchange === undefined) return undefined
    this.#exchange = undefined
    this.load.requests--
    // A tunnel may rest for long, and where there are thousands each would keep its last record until the next request.
    this.sink.forget()
    return exchange
  }

  #onRequestEnd(trailers: HeaderList | undefined): void {
    // Without a body it was whole with its head; what it asks to switch to has an end of its own.
    if (this.#isRequestWhole) return
    this.#isRequestWhole = true
    this.#exchange?.onRequestEnd(trailers)
  }

  /** The client has ended its direction. Answers in progress go out; then we end ours. */
  #finishInput(): void {
    if (this.#isClosing) return
    if (this.#exchange === undefined) {
      if (this.#parser.isIdle) return this.#close()
    } else if (this.#isRequestWhole) return
    if (this.#isUpgraded) this.#onRequestEnd(undefined)
    else this.#parser.finish()
  }

  #onParseFailure(failure: H1Failure, start: RequestStart): void {
    if (failure.code === 'truncated') {
      if (this.#exchange === undefined) this.#tellRefused(lostHead, start)
      this.#takeExchange()?.onDownstreamGone()
      return this.abort()
    }
    const fault = faultOfH1(failure)
    const exchange = this.#exchange
    if (exchange === undefined) return this.#refuse(fault, start)
    // The body went wrong under way: the exchange cannot be completed.
    noteFault(exchange.record, fault)
    exchange.giveUp(replyToFault(fault))
  }

  /** Answers what never became a request, and ends. */
  #refuse(fault: Fault, start: RequestStart): void {
    const responseBytes = answerRefused(this.channel, fault, this.#deps)
    this.#close()
    this.#tellRefused(fault, start, responseBytes)
  }

  #tellRefused(fault: Fault, start: RequestStart, responseBytes = 0): void {
    const waitedMs = this.#watch.headWaitedMs(this.#deps.clock.monotonicMs())
    tellRefused(start, { fault, responseBytes, waitedMs }, { origin: this.#origin, deps: this.#deps })
  }

  /** Ends our direction politely; what the client still sends is read and dropped. */
  #close(): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#parser.stop()
    const dropped = this.#backlog.drop()
    if (dropped > 0) this.channel.consume(dropped)
    this.channel.end()
    if (this.#isPeerDone) this.#deps.onClosed(this)
  }
}
