import { FilterMistake } from '../../filter/guard/failure.ts'
import type { ServeHook } from '../../filter/chain.ts'
import type { Exchange, Served, Serving } from '../../filter/index.ts'
import type { HeaderList } from '../../http/header-list.ts'
import { CHUNKED } from '../../http/h1/message.ts'
import type { Clock } from '../../lib/clock.ts'
import type { ForwardUser } from '../forward/forward-plan.ts'

/** The exchange that a filter serves. */
export interface ServedExchange extends Exchange, Pick<ForwardUser, 'onResponse' | 'onBody' | 'onEnd' | 'onFailure'> {
  /** A filter has done what it may not, or could not do what it should. */
  readonly fail: (error: unknown) => void
}

/** What is known of the request, and what becomes of it when the filter does not want it. */
export interface ServedPlan {
  /** As in its head. */
  readonly bodyLength: number
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** The filter wants the body: it is to be handed on by `sendBody`. */
  readonly onRead: () => void
  /** Bytes of the request that were held are taken. */
  readonly onTaken: (bytes: number) => void
  /** Later than `ask`, whose result says it otherwise. */
  readonly onLeft: () => void
}

/**
 * One request that a filter answers itself: it stands where else the way to an endpoint is. Lengths are kept to here, since
 * what is longer or shorter than its head says would be taken for another message.
 */
export class ServedRequest implements Serving {
  readonly #exchange: ServedExchange
  readonly #plan: ServedPlan
  #served: Served | undefined
  #state: 'asking' | 'open' | 'left' | 'over' = 'asking'
  #isReading = false
  #hasHead = false
  /** All of the answer was given. */
  #isWhole = false
  /** Of the answer's body, where the head says how long it is. */
  #missingBytes: number | undefined
  /** Nothing of the answer's body may go out. */
  #isBodiless = false
  /** Bytes of the request that the filter has not taken. */
  #queuedBytes = 0
  /** Bytes of the answer that wait for the client. */
  #heldBytes = 0
  /** Since when it has had all of the request; -1: it has not. */
  #wholeAtMs = -1

  constructor(exchange: ServedExchange, plan: ServedPlan) {
    this.#exchange = exchange
    this.#plan = plan
    if (plan.bodyLength === 0) this.#wholeAtMs = plan.clock.monotonicMs()
  }

  /** Asks the filter; false when the request goes on. What it throws is thrown. May have answered before it returns. */
  ask(hook: ServeHook): boolean {
    const served = hook(this.#exchange, this) ?? undefined
    this.#served = served
    if (this.#state === 'left') return false
    if (this.#state === 'over') {
      served?.onOver(this.#isWhole)
      return true
    }
    if (served === undefined && (this.#isReading || this.#hasHead))
      throw new Error('a filter began to serve a request, and returned nothing that goes on with it')
    this.#state = served === undefined ? 'left' : 'open'
    if (this.#isReading) this.#plan.onRead()
    return served !== undefined
  }

  get bodyBytes(): number | undefined {
    const { bodyLength } = this.#plan
    return bodyLength === CHUNKED ? undefined : bodyLength
  }

  readBody(): void {
    if (this.#isReading || this.#isClosed) return
    this.#isReading = true
    // Before it has said who takes it nobody could.
    if (this.#state === 'open') this.#plan.onRead()
  }

  resume(): void {
    const bytes = this.#queuedBytes
    this.#queuedBytes = 0
    if (bytes > 0) this.#plan.onTaken(bytes)
  }

  respond(status: number, headers: HeaderList, bodyBytes: number | undefined): void {
    if (this.#hasHead || this.#isClosed) return
    if (!Number.isInteger(status) || status < 200 || status > 599)
      return this.fail(new FilterMistake(`an answer of status ${status}: wanted an integer from 200 to 599`))
    this.#hasHead = true
    this.#isBodiless = status === 204 || status === 304 || this.#exchange.request.method === 'HEAD'
    this.#missingBytes = this.#isBodiless ? undefined : bodyBytes
    const bodyLength = this.#isBodiless ? 0 : (bodyBytes ?? CHUNKED)
    this.#exchange.onResponse({ status, reason: '', minorVersion: 1, headers, bodyLength, keepAlive: true })
  }

  write(bytes: Buffer): boolean {
    if (this.#isClosed || !this.#hasHead || this.#isBodiless || bytes.length === 0) return true
    if (this.#missingBytes !== undefined) {
      this.#missingBytes -= bytes.length
      if (this.#missingBytes < 0) {
        this.fail(new FilterMistake('more of an answer was written than its content-length says'))
        return true
      }
    }
    if (this.#exchange.onBody(bytes, 0, bytes.length)) return true
    this.#heldBytes += bytes.length
    return false
  }

  end(trailers?: HeaderList): void {
    if (this.#isClosed) return
    if (!this.#hasHead) return this.fail(new FilterMistake('an answer ended before its head was written'))
    if ((this.#missingBytes ?? 0) > 0)
      return this.fail(new FilterMistake(`an answer ended ${this.#missingBytes} bytes before its content-length`))
    this.#close()
    this.#isWhole = true
    this.#exchange.onEnd(this.#isBodiless ? undefined : trailers)
    this.#served?.onOver(true)
  }

  fail(error: unknown): void {
    if (this.#isClosed) return
    this.#close()
    this.#exchange.fail(error)
    this.#served?.onOver(false)
  }

  leave(): boolean {
    if (this.#isClosed || this.#isReading || this.#hasHead) return false
    const isAsking = this.#state === 'asking'
    this.#state = 'left'
    if (!isAsking) this.#plan.onLeft()
    return true
  }

  /** More of the request's body; false when it is held until the exchange is told that it was passed on. */
  sendBody(buffer: Buffer, start: number, end: number): boolean {
    if (this.#isClosed || this.#served === undefined) return true
    // Its memory is shared with what others have sent, and this may be kept for long.
    const bytes = Buffer.allocUnsafeSlow(end - start)
    buffer.copy(bytes, 0, start, end)
    if (this.#served.onBody(bytes)) return true
    this.#queuedBytes += end - start
    return false
  }

  /** The request is complete. */
  endBody(trailers: HeaderList | undefined): void {
    if (this.#isClosed) return
    this.#wholeAtMs = this.#plan.clock.monotonicMs()
    this.#served?.onBodyEnd(trailers)
  }

  /** Bytes of the answer that were held are passed on. */
  consume(bytes: number): void {
    if (this.#heldBytes === 0) return
    this.#heldBytes = Math.max(0, this.#heldBytes - bytes)
    if (this.#heldBytes === 0 && !this.#isClosed) this.#served?.onDrain()
  }

  /** The client is gone, or gets another answer. */
  abandon(): void {
    if (this.#isClosed) return
    this.#close()
    this.#served?.onOver(false)
  }

  /** It has had `deadlineMs` to begin its answer. */
  expire(deadlineMs: number): void {
    if (this.#isClosed) return
    this.#close()
    this.#exchange.onFailure({ kind: 'timeout', message: `no answer of a filter within ${deadlineMs} ms` })
    this.#served?.onOver(false)
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** Whether more of the request's body could be taken at once. */
  get takesBody(): boolean {
    return this.#isReading && this.#queuedBytes === 0
  }

  /** Since when the filter has had all of the request without beginning its answer, monotonic; -1: it is not so. */
  get awaitsHeadSinceMs(): number {
    return this.#hasHead || this.#isClosed ? -1 : this.#wholeAtMs
  }

  get #isClosed(): boolean {
    return this.#state === 'left' || this.#state === 'over'
  }

  /** Nobody will take what was held of the request: the client gets its credit back. */
  #close(): void {
    this.#state = 'over'
    this.resume()
  }
}
