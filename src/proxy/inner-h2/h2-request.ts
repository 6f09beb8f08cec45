import type { ExchangeRecord } from '../../filter/record.ts'
import { checkedRequestToH1, switchToH1 } from '../../http/bridge/request.ts'
import { responseToH2 } from '../../http/bridge/response.ts'
import { requestTrailersToH1, responseTrailersToH2 } from '../../http/bridge/trailers.ts'
import type { H1RequestHead, H1ResponseHead } from '../../http/h1/message.ts'
import type { H2Connection } from '../../http/h2/connection.ts'
import { INTERNAL_ERROR, NO_ERROR, PROTOCOL_ERROR } from '../../http/h2/constants.ts'
import { findField } from '../../http/h2/fields.ts'
import type { H2Stream } from '../../http/h2/stream.ts'
import type { HeaderList } from '../../http/header-list.ts'
import { findFrontend } from '../../snapshot/resolve.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { ChannelHandler } from '../channel.ts'
import { HeldBytes } from '../held-bytes.ts'
import { TunnelChannel } from '../hbone/tunnel.ts'
import { expireExchange } from '../limits/expire-exchange.ts'
import { TunnelWatch } from '../limits/tunnel-watch.ts'
import { faultOfH2Head, faultOfH2Reset, noteFault } from '../malformed/fault.ts'
import type { Fault } from '../malformed/fault.ts'
import { refusedFields, tellRefused } from '../malformed/refused-request.ts'
import type { RefusedRequest } from '../malformed/refused-request.ts'
import type { OverloadReason } from '../overload/overload-reason.ts'
import type { Applicant, SourceLoad } from '../overload/source-load.ts'
import { beginExchange, startExchange } from '../request/begin-exchange.ts'
import type { TunnelOrigin } from '../request/begin-exchange.ts'
import type { ExchangeOwner, OwnedExchange } from '../request/exchange-owner.ts'
import { upgradeOf } from '../request/upgrade.ts'
import type { OutgoingHead, ResponseSink } from '../response/response-sink.ts'
import { MessageCount } from './message-count.ts'
import { sizeOf, type H2RequestDeps, type WaitingHead } from './request-parts.ts'

/** The connection that requests come on. */
export interface H2RequestOwner {
  readonly h2: H2Connection
  readonly origin: TunnelOrigin
  readonly isDraining: boolean
  /** Nothing is left of the request. */
  readonly onRequestDone: (request: H2Request) => void
}

/** One request of an HTTP/2 client: a stream, and the exchange on it, whose response goes out here. */
export class H2Request implements ChannelHandler, ExchangeOwner, ResponseSink, Applicant {
  readonly #owner: H2RequestOwner
  readonly #stream: H2Stream
  readonly #deps: H2RequestDeps
  /** The stream as bytes with credit, which the process's budget knows of. */
  readonly channel: TunnelChannel
  #exchange: OwnedExchange | undefined
  #waiting: WaitingHead | undefined
  waitingSinceMs = 0
  #method = ''
  #record: Pick<ExchangeRecord, 'responseBytes' | 'status' | 'flags' | 'details'> = {
    responseBytes: 0,
    status: 0,
    flags: '-',
    details: '',
  }
  /** Of a gRPC call. */
  #messages: MessageCount | undefined
  #trailers: HeaderList | undefined
  #isWhole = false
  #isGone = false
  /** It is an extended CONNECT: what comes before its answer waits for that, as it does for its turn. */
  #awaitsUpgrade = false
  readonly #early = new HeldBytes()
  #watch: TunnelWatch | undefined
  /** The head has ended the response. */
  #isEnded = false
  keepsAlive = true
  /** For its owner: where it stands among the others. */
  place = 0

  constructor(stream: H2Stream, owner: H2RequestOwner, deps: H2RequestDeps) {
    this.#stream = stream
    this.#owner = owner
    this.#deps = deps
    this.channel = new TunnelChannel(owner.h2, deps.budget)
    this.channel.attach(stream)
    this.channel.handler = this
    this.channel.onHead = (fields) => this.#onTrailers(fields)
  }

  /** Begins with the head, which the receiver has checked; `bytes` as `sizeOf` has it. */
  start(fields: readonly string[], isEnd: boolean, bytes: number): void {
    try {
      this.#start(fields, isEnd, bytes)
    } catch (error) {
      this.#fail(error)
    }
  }

  #start(fields: readonly string[], isEnd: boolean, bytes: number): void {
    this.#isWhole = isEnd
    const upgrade = findField(fields, ':protocol')
    this.#awaitsUpgrade = upgrade !== undefined
    const request = upgrade === undefined ? checkedRequestToH1(fields, isEnd) : switchToH1(fields)
    if ('code' in request) return this.#refuseHead(fields, 400, request.message)
    if (isEnd && upgrade !== undefined) return this.#refuseHead(fields, 400, 'CONNECT that has ended')
    const { line, scheme, headers, framing } = request
    this.#method = line.method
    const head: H1RequestHead = {
      ...line,
      scheme,
      headers,
      minorVersion: 1,
      bodyLength: framing.bodyLength,
      keepAlive: true,
      expectsContinue: headers.getLower('expect')?.toLowerCase() === '100-continue',
      upgrade,
      mayHaveTrace: true,
    }
    // Protocols that nothing can be switched to here (RFC 9220 section 3).
    if (upgrade !== undefined && upgradeOf(head) === undefined)
      return this.#refuseHead(fields, 501, `no :protocol ${upgrade.slice(0, 40)} here`)
    if (this.#deps.turns.takeRequest(this)) this.#begin({ head, bytes, isEnd }, undefined)
    else this.#waiting = { head, bytes, isEnd }
  }

  get load(): SourceLoad {
    return this.#owner.origin.load
  }

  get way(): object {
    return this.#owner.origin.source
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** Its turn has come. */
  resume(): void {
    this.#beginLate(undefined)
  }

  /** There is no time for it. */
  refuse(reason: OverloadReason): void {
    this.#beginLate(reason)
  }

  get sink(): ResponseSink {
    return this
  }

  get isDraining(): boolean {
    return this.#owner.isDraining
  }

  review(snapshot: Snapshot): void {
    const frontend = findFrontend(snapshot, this.#owner.origin.authority)
    if (frontend === undefined) return
    try {
      this.#exchange?.review(frontend)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Called every second or so. */
  tick(nowMs: number): void {
    try {
      this.#tick(nowMs)
    } catch (error) {
      this.#fail(error)
    }
  }

  #tick(nowMs: number): void {
    const exchange = this.#exchange
    if (exchange === undefined) return
    this.#watch ??= new TunnelWatch(this.#deps.deadlines)
    const expiry = this.#watch.checkExchange(nowMs, exchange, this.#stream.queuedBytes)
    if (expiry !== undefined) return expireExchange(exchange, expiry, this.#deps)
    if (this.#messages !== undefined) this.#deps.progress(exchange.record)
  }

  onData(buffer: Buffer, start: number, end: number): void {
    if (this.#awaitsUpgrade || this.#waiting !== undefined) return this.#early.push(buffer, start, end)
    const exchange = this.#exchange
    if (exchange === undefined) return this.channel.discard(end - start)
    exchange.record.requestBytes += end - start
    try {
      this.#messages?.onRequest(buffer, start, end)
      if (exchange.onRequestBody(buffer, start, end)) this.channel.consume(end - start)
    } catch (error) {
      this.#fail(error)
    }
  }

  onEnd(): void {
    if (this.#isWhole) return
    this.#isWhole = true
    if (this.#awaitsUpgrade || this.#waiting !== undefined) return
    try {
      this.#exchange?.onRequestEnd(this.#trailers)
    } catch (error) {
      this.#fail(error)
    }
  }

  onDrain(): void {
    try {
      this.#exchange?.onDownstreamDrain()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** The client has reset the stream, or lost it with its connection; or we have ended either for what it has sent. */
  onClosed(): void {
    this.#close(this.#fault())
  }

  #close(fault: Fault | undefined): void {
    const exchange = this.#exchange
    const waiting = this.#waiting
    this.#leave()
    try {
      if (fault !== undefined && exchange !== undefined) noteFault(exchange.record, fault)
      exchange?.onDownstreamGone(fault)
      if (fault !== undefined && waiting !== undefined)
        this.#tellRefused({ ...waiting.head, authority: waiting.head.host }, fault)
    } catch (error) {
      this.#deps.onError('a request failed', error)
    }
  }

  /** The connection brings no more of what is not whole. */
  onInputLost(): void {
    if (!this.#isWhole) this.channel.shed()
  }

  consume(bytes: number): void {
    this.channel.consume(bytes)
  }

  onUpgraded(): void {
    this.#awaitsUpgrade = false
    this.#deliverEarly()
    if (this.#isWhole) this.#exchange?.onRequestEnd(undefined)
  }

  onExchangeDone(): void {
    this.#leave()
    // The answer is whole, and what is left of the request not wanted (RFC 9113 section 8.1).
    if (!this.#isWhole) this.channel.reset(NO_ERROR)
  }

  abort(): void {
    this.#leave()
    this.channel.reset(INTERNAL_ERROR)
  }

  writeInformational({ status, headers }: H1ResponseHead): void {
    const fields = responseToH2({ status }, headers, { bodyLength: 0, method: this.#method })
    // A 101 among them: HTTP/2 has no such answer.
    if (Array.isArray(fields)) this.#owner.h2.headers(this.#stream, fields, false)
  }

  writeHead({ status, headers, bodyLength, isBodiless, isOpen, upgrade }: OutgoingHead): string | undefined {
    // The answer to an extended CONNECT that was a request to switch upstream (RFC 8441 section 5).
    if (upgrade !== undefined) headers.removeLower('sec-websocket-accept')
    const shown = upgrade === undefined ? this.#statusOf(status) : 200
    const fields = responseToH2({ status: shown }, headers, { bodyLength, method: this.#method })
    if (!Array.isArray(fields)) return fields.message
    // Once both ends are out nobody could tell us that the client is gone.
    this.#isEnded = (isBodiless || bodyLength === 0) && !isOpen
    this.#record.responseBytes += sizeOf(fields)
    this.#owner.h2.headers(this.#stream, fields, this.#isEnded)
    return undefined
  }

  writeBody(buffer: Buffer, start: number, end: number): boolean {
    this.#record.responseBytes += end - start
    this.#messages?.onResponse(buffer, start, end)
    return this.#owner.h2.data(this.#stream, buffer, start, end)
  }

  writeText(text: string): boolean {
    this.#record.responseBytes += text.length
    return this.#owner.h2.text(this.#stream, text)
  }

  end(trailers: HeaderList | undefined): boolean {
    if (this.#isEnded) return true
    const { h2 } = this.#owner
    const fields = trailers === undefined || trailers.size === 0 ? undefined : responseTrailersToH2(trailers)
    // Trailers that may not go out are dropped: the body is whole without them.
    if (!Array.isArray(fields) || fields.length === 0) h2.end(this.#stream)
    else {
      this.#record.responseBytes += sizeOf(fields)
      h2.headers(this.#stream, fields, true)
    }
    return this.#stream.queuedBytes === 0
  }

  #beginLate(refusal: OverloadReason | undefined): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    this.#waiting = undefined
    try {
      this.#begin(waiting, refusal)
      if (this.#awaitsUpgrade) return
      this.#deliverEarly()
      if (this.#isWhole && !waiting.isEnd) this.#exchange?.onRequestEnd(this.#trailers)
    } catch (error) {
      this.#fail(error)
    }
  }

  #begin({ head, bytes }: WaitingHead, refusal: OverloadReason | undefined): void {
    const { origin } = this.#owner
    const exchange = beginExchange(head, { origin, owner: this, refusal }, this.#deps)
    if (exchange === undefined) return this.#refuse(503)
    this.#exchange = exchange
    this.load.requests++
    this.#record = exchange.record
    if (exchange.record.protocol === 'grpc') this.#messages = new MessageCount(exchange.record)
    exchange.record.requestBytes += bytes
    startExchange(exchange)
  }

  #deliverEarly(): void {
    this.#early.deliver((buffer, start, end) => this.onData(buffer, start, end))
  }

  /** Any 2xx would tell a client that its extended CONNECT was granted. */
  #statusOf(status: number): number {
    if (!this.#awaitsUpgrade || status >= 300) return status
    const record = this.#record
    record.status = 502
    record.flags = 'UPE'
    record.details = 'upgrade_not_granted'
    return record.status
  }

  #onTrailers(fields: readonly string[]): void {
    const trailers = requestTrailersToH1(fields)
    if (!('code' in trailers)) {
      this.#trailers = trailers
      return
    }
    // The body went wrong under way, as in HTTP/1.1.
    this.#close(faultOfH2Reset(PROTOCOL_ERROR, trailers.message))
    this.channel.reset(PROTOCOL_ERROR)
  }

  /** Answers what never became a request. */
  #refuse(status: number): void {
    this.#owner.h2.answer(this.#stream, status)
    if (!this.#isWhole) this.channel.reset(NO_ERROR)
    this.#leave()
  }

  #refuseHead(fields: readonly string[], status: 400 | 501, why: string): void {
    this.#refuse(status)
    this.#tellRefused(refusedFields(fields), faultOfH2Head(status, why))
  }

  #tellRefused(asked: RefusedRequest, fault: Fault): void {
    tellRefused(asked, { fault }, { origin: this.#owner.origin, deps: this.#deps })
  }

  /** What the client has broken, when the stream is over for that. */
  #fault(): Fault | undefined {
    const why = this.#stream.fault ?? this.#owner.h2.failure
    return why === '' ? undefined : faultOfH2Reset(this.channel.resetCode, why)
  }

  /** A bug of ours: this stream ends, and the others of its connection go on. */
  #fail(error: unknown): void {
    this.#deps.onError('a request failed', error)
    this.onClosed()
    this.channel.reset(INTERNAL_ERROR)
  }

  #leave(): void {
    if (this.#isGone) return
    this.#isGone = true
    if (this.#exchange !== undefined) this.load.requests--
    this.#exchange = undefined
    this.#waiting = undefined
    this.#early.drop()
    // Nobody is left who could take it.
    this.channel.discard(this.channel.heldBytes)
    this.#owner.onRequestDone(this)
  }
}
