import type { H2Connection } from '../../http/h2/connection.ts'
import { CANCEL, INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM } from '../../http/h2/constants.ts'
import type { H2Stream, StreamHandler } from '../../http/h2/stream.ts'
import { ignoreChannel } from '../channel.ts'
import type { Channel, ChannelHandler } from '../channel.ts'
import type { ByteBudget, Holder } from '../limits/byte-budget.ts'

/** What a peer may send at a time while the process holds too much: two frames. */
const PORTION_BYTES = 32 * 1024

/** Told of what was thrown by whoever owns a channel, which is reset then; `what` for the log. */
export type OnFault = (error: unknown, what?: string) => void

/** Who owns the channel of a stream; header blocks go to `onHead` while the channel itself has none. */
export interface StreamUser extends ChannelHandler {
  readonly onHead?: (fields: string[], isEnd: boolean) => void
}

/**
 * One CONNECT stream as a channel. Reset mapping as ztunnel has it: NO_ERROR and CANCEL read as an end, an abort is
 * sent as INTERNAL_ERROR, because CANCEL would look like a normal end to a peer that delimits a body by closing.
 */
export class TunnelChannel implements Channel, StreamHandler, Holder {
  readonly #connection: H2Connection
  readonly #budget: ByteBudget | undefined
  readonly #onFault: OnFault | undefined
  #stream: H2Stream | undefined
  readonly isCopying = true
  heldBytes = 0
  /** Bytes that were consumed, and whose window the peer did not get back because of the budget. */
  #withheldBytes = 0
  holderPlace = -1
  handler: StreamUser = ignoreChannel
  /** What the peer reset the stream with, or it was lost with; -1 before that. */
  resetCode = -1
  /** A response head (client side), until somebody else takes over. */
  onHead: ((fields: string[], isEnd: boolean) => void) | undefined

  /** Without `onFault` what its owner throws is thrown on, and so is for the connection to deal with. */
  constructor(connection: H2Connection, budget?: ByteBudget, onFault?: OnFault) {
    this.#connection = connection
    this.#budget = budget
    this.#onFault = onFault
  }

  /** To be called before anything can come; a client's stream needs its handler first. */
  attach(stream: H2Stream): void {
    this.#stream = stream
  }

  send(buffer: Buffer, start: number, end: number): boolean {
    const stream = this.#stream
    return stream === undefined || this.#connection.data(stream, buffer, start, end)
  }

  sendText(text: string): boolean {
    const stream = this.#stream
    return stream === undefined || this.#connection.text(stream, text)
  }

  end(): void {
    if (this.#stream !== undefined) this.#connection.end(this.#stream)
  }

  abort(): void {
    this.reset(INTERNAL_ERROR)
  }

  cut(): void {
    this.reset(NO_ERROR)
  }

  get isLasting(): boolean {
    return this.#stream !== undefined && this.#connection.isOpen
  }

  get queuedBytes(): number {
    return this.#stream?.queuedBytes ?? 0
  }

  reset(code: number): void {
    const stream = this.#stream
    this.#leave()
    this.handler = ignoreChannel
    if (stream !== undefined) this.#connection.reset(stream, code)
  }

  consume(bytes: number): void {
    const stream = this.#stream
    if (stream === undefined) return
    this.#release(bytes)
    if (stream.isRemoteClosed) return
    const budget = this.#budget
    if (budget !== undefined && (budget.isOver || this.#withheldBytes > 0)) this.#portion(budget, stream, bytes)
    else this.#connection.consume(stream, bytes)
  }

  discard(bytes: number): void {
    this.#release(bytes)
  }

  relax(): void {
    const bytes = this.#withheldBytes
    if (this.#stream === undefined || bytes === 0) return
    this.#withheldBytes = 0
    if (this.holderPlace >= 0 && this.heldBytes === 0) this.#unlist()
    this.#connection.consume(this.#stream, bytes)
  }

  shed(): void {
    const { handler } = this
    this.abort()
    this.#close(handler, INTERNAL_ERROR)
  }

  /** Runs what belongs to this tunnel: if it throws, this one is reset, and the others of its connection go on. */
  guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#fail(error)
    }
  }

  onHeaders(fields: string[], isEnd: boolean): void {
    try {
      // Trailers have no meaning in a tunnel (contract 1.8); their END_STREAM arrives as `onEnd`.
      if (this.onHead === undefined) this.handler.onHead?.(fields, isEnd)
      else this.onHead(fields, isEnd)
    } catch (error) {
      this.#fail(error)
    }
  }

  onData(buffer: Buffer, start: number, end: number): void {
    const budget = this.#budget
    if (budget !== undefined) {
      this.heldBytes += end - start
      budget.take(end - start)
    }
    try {
      this.handler.onData(buffer, start, end)
    } catch (error) {
      return this.#fail(error)
    }
    if (this.heldBytes > 0 && this.holderPlace < 0 && this.#stream !== undefined) budget?.list(this)
  }

  onEnd(): void {
    // There is nobody left to give window to.
    this.#withheldBytes = 0
    if (this.holderPlace >= 0 && this.heldBytes === 0) this.#unlist()
    try {
      this.handler.onEnd()
    } catch (error) {
      this.#fail(error)
    }
  }

  onReset(code: number): void {
    this.resetCode = code
    this.#leave()
    const { handler } = this
    this.handler = ignoreChannel
    this.#close(handler, code)
  }

  onDrain(): void {
    try {
      this.handler.onDrain()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Its owner has a bug. */
  #fail(error: unknown): void {
    if (this.#onFault === undefined) throw error
    this.#onFault(error, 'a tunnel was given up')
    this.shed()
  }

  #close(handler: ChannelHandler, code: number): void {
    try {
      handler.onClosed(code === NO_ERROR || code === CANCEL, code === REFUSED_STREAM)
    } catch (error) {
      if (this.#onFault === undefined) throw error
      this.#onFault(error, 'a tunnel did not end in order')
    }
  }

  /** What was received is held no more. */
  #release(bytes: number): void {
    const released = Math.min(bytes, this.heldBytes)
    this.heldBytes -= released
    this.#budget?.give(released)
    if (this.holderPlace >= 0 && this.heldBytes === 0 && this.#withheldBytes === 0) this.#unlist()
  }

  /** Window goes back in small portions, each once the one before is used up and consumed: nothing waits for ever. */
  #portion(budget: ByteBudget, stream: H2Stream, bytes: number): void {
    this.#withheldBytes += bytes
    budget.list(this)
    if (!budget.isOver) return this.relax()
    if (stream.recvWindow + this.heldBytes >= PORTION_BYTES / 2) return
    const portion = Math.min(this.#withheldBytes, PORTION_BYTES)
    this.#withheldBytes -= portion
    this.#connection.consume(stream, portion)
    this.#connection.refill(stream)
  }

  #unlist(): void {
    this.#budget?.unlist(this)
  }

  /** The stream is gone, and what was held of it. */
  #leave(): void {
    this.#stream = undefined
    this.#withheldBytes = 0
    this.#release(this.heldBytes)
  }
}
