import type { HeaderList } from '../../../src/http/header-list.ts'
import { H1ResponseParser } from '../../../src/http/h1/parser.ts'
import type { H1ResponseHead } from '../../../src/http/h1/message.ts'
import type { ChannelHandler } from '../../../src/proxy/channel.ts'
import type { HboneClient } from '../../../src/proxy/hbone/client.ts'
import type { TunnelChannel } from '../../../src/proxy/hbone/tunnel.ts'

/** A response as a test looks at it. */
export interface Answer {
  readonly head: H1ResponseHead
  readonly body: Buffer
  readonly trailers: HeaderList | undefined
  /** Statuses of the informational responses before it. */
  readonly informational: readonly number[]
  /** Their fields. */
  readonly informationalFields: readonly (readonly string[])[]
}

/** How the waypoint's direction of a tunnel ended: END_STREAM, or a reset that reads as an end, or as an error. */
export type TunnelEnd = 'end' | 'reset-clean' | 'reset-error'

/** Opens a tunnel, or tells why there is none. */
export const openTunnel = (client: HboneClient, authority: string): Promise<ClientTunnel> =>
  new Promise((resolve, reject) => {
    client.open(authority, (result) => {
      if (result.ok) resolve(new ClientTunnel(result.channel))
      else reject(new Error(result.failure.message))
    })
  })

/** An HTTP/1.1 client in one tunnel; requests are written by hand. */
export class ClientTunnel implements ChannelHandler {
  readonly channel: TunnelChannel
  /** How the other direction ended. */
  readonly ended: Promise<TunnelEnd>
  /** While it is false nothing is consumed: the client reads slowly, or not at all. */
  isReading = true
  /** Bytes received and not consumed. */
  unread = 0
  /** Bytes received, heads and all. */
  received = 0
  readonly failures: string[] = []
  readonly #parser: H1ResponseParser
  readonly #methods: string[] = []
  readonly #answers: Answer[] = []
  readonly #waiting: ((answer: Answer) => void)[] = []
  #resolveEnded: (end: TunnelEnd) => void = () => {}
  #drained: (() => void) | undefined
  #head: H1ResponseHead | undefined
  #pieces: Buffer[] = []
  #informational: number[] = []
  #informationalFields: (readonly string[])[] = []

  constructor(channel: TunnelChannel) {
    this.channel = channel
    channel.handler = this
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
    this.#parser = new H1ResponseParser({
      onInformational: (head) => {
        this.#informational.push(head.status)
        this.#informationalFields.push(head.headers.fields)
      },
      onResponse: (head) => {
        this.#head = head
      },
      onBody: (buffer, start, end) => this.#pieces.push(Buffer.from(buffer.subarray(start, end))),
      onEnd: (trailers) => this.#onAnswer(trailers),
      onFailure: (failure) => this.failures.push(failure.message),
    })
  }

  /** Writes a request whole, or its beginning; `method` as in its first line, `undefined` when it goes on with one. */
  write(data: string | Buffer, method?: string): boolean {
    if (method !== undefined) {
      this.#methods.push(method)
      if (this.#methods.length === 1 && this.#parser.isIdle) this.#parser.expect(method)
    }
    return typeof data === 'string' ? this.channel.sendText(data) : this.channel.send(data, 0, data.length)
  }

  /** The next response that nobody has waited for yet. */
  answer(): Promise<Answer> {
    const ready = this.#answers.shift()
    if (ready !== undefined) return Promise.resolve(ready)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Sends a request and waits for its answer; `more` are header lines with their line ends. */
  request(method: string, path: string, more = '', body = ''): Promise<Answer> {
    this.write(`${method} ${path} HTTP/1.1\r\nhost: api\r\n${more}\r\n${body}`, method)
    return this.answer()
  }

  get(path = '/', more = ''): Promise<Answer> {
    return this.request('GET', path, more)
  }

  /** Sends `bytes` in pieces, each after what was queued before it has left. */
  async upload(bytes: number, pieceBytes = 64 * 1024): Promise<void> {
    const piece = Buffer.alloc(pieceBytes, 'u')
    for (let left = bytes; left > 0; left -= pieceBytes) {
      if (this.channel.send(piece, 0, Math.min(left, pieceBytes))) continue
      await new Promise<void>((resolve) => {
        this.#drained = resolve
      })
    }
  }

  /** Consumes what was left unread, and everything from now on. */
  readOn(): void {
    this.isReading = true
    const { unread } = this
    this.unread = 0
    this.channel.consume(unread)
  }

  /** What has come of the answer under way. */
  get partial(): { readonly head: H1ResponseHead | undefined; readonly bytes: number } {
    return { head: this.#head, bytes: this.#pieces.reduce((sum, piece) => sum + piece.length, 0) }
  }

  onData(buffer: Buffer, start: number, end: number): void {
    this.received += end - start
    for (let at = start; at < end && this.failures.length === 0;) at = this.#parser.feed(buffer, at, end)
    if (this.isReading) this.channel.consume(end - start)
    else this.unread += end - start
  }

  onEnd(): void {
    this.#parser.finish()
    this.#resolveEnded('end')
  }

  onClosed(isClean: boolean): void {
    this.#resolveEnded(isClean ? 'reset-clean' : 'reset-error')
    this.#drained?.()
  }

  onDrain(): void {
    this.#drained?.()
  }

  #onAnswer(trailers: HeaderList | undefined): void {
    const head = this.#head
    if (head === undefined) return
    const answer = {
      head,
      body: Buffer.concat(this.#pieces),
      trailers,
      informational: this.#informational,
      informationalFields: this.#informationalFields,
    }
    this.#head = undefined
    this.#pieces = []
    this.#informational = []
    this.#informationalFields = []
    this.#methods.shift()
    const next = this.#methods[0]
    if (next !== undefined) this.#parser.expect(next)
    const waiting = this.#waiting.shift()
    if (waiting !== undefined) waiting(answer)
    else this.#answers.push(answer)
  }
}
