import { checkedResponseToH1 } from '../../../http/bridge/response.ts'
import { requestTrailersToH2, responseTrailersToH1 } from '../../../http/bridge/trailers.ts'
import type { H2Connection } from '../../../http/h2/connection.ts'
import { CANCEL, INTERNAL_ERROR, PROTOCOL_ERROR, REFUSED_STREAM, formatErrorCode } from '../../../http/h2/constants.ts'
import type { H2Stream } from '../../../http/h2/stream.ts'
import type { HeaderList } from '../../../http/header-list.ts'
import { TunnelChannel } from '../../hbone/tunnel.ts'
import type { StreamUser } from '../../hbone/tunnel.ts'
import type { ByteBudget } from '../../limits/byte-budget.ts'
import type { SessionUser, UpstreamRequest, UpstreamSession } from '../session.ts'

/** The connection that a stream is on. */
export interface StreamOwner {
  readonly h2: H2Connection
  readonly budget: ByteBudget
  /** Whether another stream may be opened. */
  readonly hasRoom: boolean
  /** Why the connection was lost; empty as long as it was not. */
  readonly lossReason: string
  /** A request begins on one of its streams, or a part of an answer came. */
  readonly onRequest: () => void
  readonly onAnswer: () => void
  /** Our own code threw; the stream has been given up. */
  readonly onFault: (error: unknown) => void
}

/** One request on a stream of an HTTP/2 connection. The stream is opened when the request begins. */
export class StreamSession implements UpstreamSession, StreamUser {
  readonly version = 2
  readonly isReused = false
  readonly #owner: StreamOwner
  /** The stream as bytes with credit, which the process's budget knows of. */
  readonly #channel: TunnelChannel
  #stream: H2Stream | undefined
  #user: SessionUser | undefined
  #method = ''
  #hasHead = false
  #mayHaveBody = false
  #isRequestDone = false
  #trailers: HeaderList | undefined

  constructor(owner: StreamOwner) {
    this.#owner = owner
    this.#channel = new TunnelChannel(owner.h2, owner.budget)
    this.#channel.handler = this
  }

  get isUsable(): boolean {
    return this.#stream === undefined && this.#owner.hasRoom
  }

  get queuedBytes(): number {
    return this.#channel.queuedBytes
  }

  begin(user: SessionUser, request: UpstreamRequest): void {
    this.#user = user
    this.#method = request.method
    this.#isRequestDone = request.bodyLength === 0
    this.#owner.onRequest()
    this.#stream = this.#owner.h2.open(request.h2Head ?? [], this.#channel, this.#isRequestDone)
    this.#channel.attach(this.#stream)
  }

  write(buffer: Buffer, start: number, end: number): boolean {
    return this.#channel.send(buffer, start, end)
  }

  finish(trailers: HeaderList | undefined): void {
    const stream = this.#stream
    if (this.#isRequestDone || stream === undefined) return
    this.#isRequestDone = true
    const fields = trailers === undefined || trailers.size === 0 ? undefined : requestTrailersToH2(trailers)
    if (Array.isArray(fields)) this.#owner.h2.headers(stream, fields, true)
    else this.#channel.end()
  }

  consume(bytes: number): void {
    this.#channel.consume(bytes)
  }

  handOver(user: SessionUser): void {
    if (this.#user !== undefined) this.#user = user
  }

  abandon(): void {
    this.#user = undefined
    this.#channel.reset(CANCEL)
  }

  /** Nothing was opened yet. */
  park(): void {}

  onHead(fields: string[], isEnd: boolean): void {
    this.#owner.onAnswer()
    try {
      if (this.#hasHead) this.#trailers = responseTrailersToH1(fields)
      else this.#onResponse(fields, isEnd)
    } catch (error) {
      this.#fail(error)
    }
  }

  onData(buffer: Buffer, start: number, end: number): void {
    this.#owner.onAnswer()
    if (!this.#mayHaveBody) return this.#lose('protocol', 'the upstream sent a body where none may be')
    try {
      if (this.#user?.onBody(buffer, start, end) !== false) this.#channel.consume(end - start)
    } catch (error) {
      this.#fail(error)
    }
  }

  onEnd(): void {
    const user = this.#user
    try {
      user?.onEnd(this.#trailers)
    } catch (error) {
      this.#fail(error)
    }
    this.#user = undefined
  }

  onClosed(): void {
    const user = this.#user
    this.#user = undefined
    if (user === undefined) return
    const { kind, message } = this.#explainLoss()
    try {
      user.onFailure(kind, message)
    } catch (error) {
      this.#owner.onFault(error)
    }
  }

  onDrain(): void {
    try {
      this.#user?.onDrain()
    } catch (error) {
      this.#fail(error)
    }
  }

  #onResponse(fields: readonly string[], isEnd: boolean): void {
    const response = checkedResponseToH1(fields, { method: this.#method, isEnd })
    if ('code' in response) {
      return this.#lose('protocol', `the upstream's answer cannot be passed on: ${response.message}`)
    }
    const { headers, line, framing } = response
    const { bodyLength } = framing
    const isOpen = bodyLength === 0 && !isEnd
    const head = {
      status: line.status,
      reason: '',
      minorVersion: 1,
      headers,
      bodyLength,
      keepAlive: true,
      isOpen,
    } as const
    if (line.status < 200) return this.#user?.onInformational(head)
    this.#hasHead = true
    this.#mayHaveBody = bodyLength !== 0
    this.#user?.onResponse(head)
  }

  #explainLoss(): { readonly kind: 'reset' | 'refused' | 'protocol'; readonly message: string } {
    const { h2, lossReason } = this.#owner
    const code = this.#channel.resetCode
    if (h2.failure !== '') return { kind: 'protocol', message: `the upstream broke HTTP/2: ${h2.failure}` }
    if (lossReason !== '') return { kind: code === REFUSED_STREAM ? 'refused' : 'reset', message: lossReason }
    if (this.#stream?.fault !== undefined) {
      return { kind: 'protocol', message: `the upstream sent a malformed answer (${formatErrorCode(code)})` }
    }
    if (code === REFUSED_STREAM) return { kind: 'refused', message: 'the upstream refused the stream' }
    const how = code < 0 ? 'the stream was given up for its memory' : `the upstream reset the stream with`
    return { kind: 'reset', message: code < 0 ? how : `${how} ${formatErrorCode(code)}` }
  }

  #lose(kind: 'reset' | 'protocol', message: string): void {
    const user = this.#user
    this.#user = undefined
    this.#channel.reset(PROTOCOL_ERROR)
    user?.onFailure(kind, message)
  }

  /** A bug of ours: whoever waits for this response must not wait for ever, and the other streams go on. */
  #fail(error: unknown): void {
    const user = this.#user
    this.#user = undefined
    this.#channel.reset(INTERNAL_ERROR)
    this.#owner.onFault(error)
    try {
      user?.onFailure('protocol', 'the proxy failed')
    } catch (second) {
      this.#owner.onFault(second)
    }
  }
}
