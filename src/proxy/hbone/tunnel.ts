import type { H2Connection } from '../../http/h2/connection.ts'
import { CANCEL, INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM } from '../../http/h2/constants.ts'
import type { H2Stream, StreamHandler } from '../../http/h2/stream.ts'
import { ignoreChannel } from '../channel.ts'
import type { Channel, ChannelHandler } from '../channel.ts'

/**
 * One CONNECT stream as a channel. Reset mapping as ztunnel has it: NO_ERROR and CANCEL read as an end, an abort is
 * sent as INTERNAL_ERROR, because CANCEL would look like a normal end to a peer that delimits a body by closing.
 */
export class TunnelChannel implements Channel, StreamHandler {
  readonly #connection: H2Connection
  #stream: H2Stream | undefined
  handler: ChannelHandler = ignoreChannel
  /** A response head (client side), until somebody else takes over. */
  onHead: ((fields: string[], isEnd: boolean) => void) | undefined

  constructor(connection: H2Connection, stream?: H2Stream) {
    this.#connection = connection
    this.#stream = stream
  }

  /** Set right after opening on the client side: the stream needs its handler first. */
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
    this.#stream = undefined
    this.handler = ignoreChannel
    if (stream !== undefined) this.#connection.reset(stream, code)
  }

  consume(bytes: number): void {
    if (this.#stream !== undefined) this.#connection.consume(this.#stream, bytes)
  }

  onHeaders(fields: string[], isEnd: boolean): void {
    // Trailers have no meaning in a tunnel (contract 1.8); their END_STREAM arrives as `onEnd`.
    this.onHead?.(fields, isEnd)
  }

  onData(buffer: Buffer, start: number, end: number): void {
    this.handler.onData(buffer, start, end)
  }

  onEnd(): void {
    this.handler.onEnd()
  }

  onReset(code: number): void {
    this.#stream = undefined
    const { handler } = this
    this.handler = ignoreChannel
    handler.onClosed(code === NO_ERROR || code === CANCEL, code === REFUSED_STREAM)
  }

  onDrain(): void {
    this.handler.onDrain()
  }
}
