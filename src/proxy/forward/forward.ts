import type { HeaderList } from '../../http/header-list.ts'
import { CHUNK_END, chunkHeader, encodeLastChunk, encodeRequestHead } from '../../http/h1/encode.ts'
import type { H1ResponseHead } from '../../http/h1/message.ts'
import { CHUNKED } from '../../http/h1/message.ts'
import type { Clock } from '../../lib/clock.ts'
import type { EndpointGroup } from '../../snapshot/snapshot.ts'
import type { ExchangeRecord } from '../../filter/record.ts'
import type { Channel } from '../channel.ts'
import { HeldBytes } from '../held-bytes.ts'
import type { Balancer } from '../upstream/balance.ts'
import type { Acquired, EndpointPool } from '../upstream/pool.ts'
import type { SessionUser, UpstreamSession } from '../upstream/session.ts'

/** Why there is no response, or no whole one. */
export type ForwardFailure =
  | { readonly kind: 'no-endpoint' }
  /** Something that a filter wrote may not go out. */
  | { readonly kind: 'unwritable'; readonly message: string }
  /** Nothing was sent: no connection, or not to the right identity. */
  | { readonly kind: 'connect-failed'; readonly message: string }
  /** The connection was lost after the request was begun. */
  | { readonly kind: 'reset'; readonly message: string }
  /** The endpoint had the request and took too long to begin its answer. */
  | { readonly kind: 'timeout'; readonly message: string }
  /** What came is no HTTP/1.1. */
  | { readonly kind: 'protocol'; readonly message: string }

/** Who asked for the response; told synchronously. */
export interface ForwardUser {
  readonly onInformational: (head: H1ResponseHead) => void
  readonly onResponse: (head: H1ResponseHead) => void
  /** Returns whether the bytes were passed on; if not, `consume` follows. */
  readonly onBody: (buffer: Buffer, start: number, end: number) => boolean
  readonly onEnd: (trailers: HeaderList | undefined) => void
  readonly onFailure: (failure: ForwardFailure) => void
  /** Request bytes that were held are on their way. */
  readonly onRequestBytesPassed: (bytes: number) => void
}

/** The request as it goes upstream. */
export interface ForwardRequest {
  readonly method: string
  readonly target: string
  readonly host: string
  readonly headers: HeaderList
  /** Bytes, or `CHUNKED`. */
  readonly bodyLength: number
}

export interface ForwardDeps {
  readonly balancer: Balancer
  readonly clock: Clock
}

/** Tries in all: what was certainly not processed may go to another endpoint. */
const MAX_ATTEMPTS = 3
/** Methods that are safe to send again when a kept connection turns out dead (RFC 9110 section 9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** One request on its way to an endpoint of a group, with the attempts that takes. */
export class Forward implements SessionUser {
  readonly #deps: ForwardDeps
  readonly #user: ForwardUser
  readonly #group: EndpointGroup
  readonly #request: ForwardRequest
  readonly #record: ExchangeRecord
  #head = ''
  #pool: EndpointPool | undefined
  #session: UpstreamSession | undefined
  /** Outlives the session: credit for what is still on its way to the client is owed after the response ended. */
  #channel: Channel | undefined
  #sentAtMs = 0
  /** When the last byte of the request was handed over. */
  #wholeAtMs = 0
  readonly #heldBody = new HeldBytes()
  #queuedBytes = 0
  #isRequestWhole = false
  #trailers: HeaderList | undefined
  #hasResponse = false
  #isDone = false

  constructor(
    user: ForwardUser,
    what: { readonly group: EndpointGroup; readonly request: ForwardRequest; readonly record: ExchangeRecord },
    deps: ForwardDeps,
  ) {
    this.#user = user
    this.#group = what.group
    this.#request = what.request
    this.#record = what.record
    this.#deps = deps
  }

  start(): void {
    const { method, target, host, headers, bodyLength } = this.#request
    const head = encodeRequestHead({ method, target, host }, headers, { bodyLength })
    if (typeof head !== 'string') return this.#fail({ kind: 'unwritable', message: head.message })
    this.#head = head
    this.#attempt()
  }

  /** Request body; false when it is held until `onRequestBytesPassed`. */
  sendBody(buffer: Buffer, start: number, end: number): boolean {
    if (this.#isDone) return true
    if (this.#session === undefined) {
      this.#heldBody.push(buffer, start, end)
      return false
    }
    return this.#sendBody(buffer, start, end)
  }

  /** The request is complete. */
  endBody(trailers: HeaderList | undefined): void {
    if (this.#isRequestWhole) return
    this.#isRequestWhole = true
    this.#trailers = trailers
    if (this.#session !== undefined) this.#finishRequest()
  }

  /** Says that response bytes which were held are passed on. */
  consume(bytes: number): void {
    this.#channel?.consume(bytes)
  }

  /** The client is gone, or wants no more of it. */
  abandon(): void {
    if (this.#isDone) return
    this.#leave()
    this.#session?.abandon()
    this.#session = undefined
  }

  /** Bytes of the request that the endpoint, or the way there, does not take at the moment. */
  get queuedBytes(): number {
    return this.#session === undefined ? 0 : this.#session.channel.queuedBytes
  }

  /** Whether more of the request's body could go out at once. */
  get takesBody(): boolean {
    return this.#session !== undefined && this.#queuedBytes === 0
  }

  /** Since when the endpoint has had the whole request without beginning its answer, monotonic; -1: it is not so. */
  get awaitsHeadSinceMs(): number {
    if (this.#session === undefined || !this.#isRequestWhole || this.#hasResponse) return -1
    return this.queuedBytes === 0 ? this.#wholeAtMs : -1
  }

  /** The endpoint has had `deadlineMs` for its answer: its tunnel is reset, and the user told. */
  expire(deadlineMs: number): void {
    const { endpoint } = this.#record
    this.#session?.abandon()
    this.#session = undefined
    const where = endpoint === undefined ? '' : ` of ${endpoint.address}:${endpoint.port}`
    this.#fail({ kind: 'timeout', message: `no response head${where} within ${deadlineMs} ms of the whole request` })
  }

  onInformational(head: H1ResponseHead): void {
    this.#user.onInformational(head)
  }

  onResponse(head: H1ResponseHead): void {
    this.#hasResponse = true
    this.#record.upstreamMs = this.#deps.clock.monotonicMs() - this.#sentAtMs
    this.#user.onResponse(head)
  }

  onBody(buffer: Buffer, start: number, end: number): boolean {
    return this.#user.onBody(buffer, start, end)
  }

  onEnd(trailers: HeaderList | undefined): void {
    const session = this.#session
    // An answer before the whole request: the rest is not wanted, and the connection cannot be used again.
    if (!this.#isRequestWhole || this.#queuedBytes > 0) session?.abandon()
    this.#session = undefined
    this.#leave()
    this.#user.onEnd(trailers)
  }

  onFailure(kind: 'reset' | 'refused' | 'protocol', message: string): void {
    const session = this.#session
    this.#session = undefined
    // A tunnel that was kept may have been ended just then; on a new one only the endpoint's own word counts.
    const isUnseen = kind === 'refused' || (kind === 'reset' && (session?.uses ?? 0) > 1)
    const mayRepeat =
      isUnseen && !this.#hasResponse && this.#request.bodyLength === 0 && SAFE_METHODS.has(this.#request.method)
    if (mayRepeat && this.#record.attempts < MAX_ATTEMPTS) return this.#again()
    this.#fail({ kind: kind === 'refused' ? 'reset' : kind, message })
  }

  onDrain(): void {
    const bytes = this.#queuedBytes
    this.#queuedBytes = 0
    if (this.#isRequestWhole) this.#wholeAtMs = this.#deps.clock.monotonicMs()
    if (bytes > 0) this.#user.onRequestBytesPassed(bytes)
  }

  #attempt(): void {
    const pool = this.#deps.balancer.pickEndpoint(this.#group, this.#pool)
    if (pool === undefined) return this.#fail({ kind: 'no-endpoint' })
    pool.active++
    this.#pool = pool
    this.#record.attempts++
    this.#record.endpoint = pool.endpoint
    const session = pool.takeIdle()
    if (session !== undefined) return this.#send(session)
    pool.open((acquired) => this.#onAcquired(acquired))
  }

  #onAcquired(acquired: Acquired): void {
    if (this.#isDone) {
      if (acquired.ok) acquired.session.park()
      return
    }
    if (acquired.ok) return this.#send(acquired.session)
    const { message } = acquired.failure
    this.#record.upstreamFailure = message
    const hasOther = this.#group.endpoints.length > 1
    if (hasOther && this.#record.attempts < MAX_ATTEMPTS) return this.#again()
    this.#fail({ kind: 'connect-failed', message })
  }

  #again(): void {
    if (this.#pool !== undefined) this.#pool.active--
    this.#attempt()
  }

  #send(session: UpstreamSession): void {
    this.#session = session
    this.#channel = session.channel
    this.#sentAtMs = this.#deps.clock.monotonicMs()
    session.begin(this, this.#request.method)
    session.channel.sendText(this.#head)
    if (!this.#heldBody.isEmpty) this.#sendHeld()
    if (this.#isRequestWhole) this.#finishRequest()
  }

  #sendHeld(): void {
    let passed = 0
    for (let piece = this.#heldBody.shift(); piece !== undefined; piece = this.#heldBody.shift()) {
      if (this.#sendBody(piece.buffer, piece.start, piece.end)) passed += piece.end - piece.start
    }
    if (passed > 0) this.#user.onRequestBytesPassed(passed)
  }

  #sendBody(buffer: Buffer, start: number, end: number): boolean {
    const channel = this.#session?.channel
    if (channel === undefined) return true
    let isPassed: boolean
    if (this.#request.bodyLength === CHUNKED) {
      channel.sendText(chunkHeader(end - start))
      channel.send(buffer, start, end)
      isPassed = channel.sendText(CHUNK_END)
    } else isPassed = channel.send(buffer, start, end)
    if (!isPassed) this.#queuedBytes += end - start
    return isPassed
  }

  #finishRequest(): void {
    const session = this.#session
    if (this.#request.bodyLength === CHUNKED) {
      const last = encodeLastChunk(this.#trailers)
      // Trailers that may not go out are dropped: the body is whole without them.
      session?.channel.sendText(typeof last === 'string' ? last : '0\r\n\r\n')
    }
    this.#wholeAtMs = this.#request.bodyLength === 0 ? this.#sentAtMs : this.#deps.clock.monotonicMs()
    session?.finishRequest()
  }

  #leave(): void {
    this.#isDone = true
    if (this.#pool !== undefined) this.#pool.active--
    // Nobody will pass on what was held of the request: the client gets its credit back here.
    const owed = this.#queuedBytes + this.#heldBody.drop()
    this.#queuedBytes = 0
    if (owed > 0) this.#user.onRequestBytesPassed(owed)
  }

  #fail(failure: ForwardFailure): void {
    if (this.#isDone) return
    if ('message' in failure) this.#record.upstreamFailure = failure.message
    this.#leave()
    this.#user.onFailure(failure)
  }
}
