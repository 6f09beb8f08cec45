import type { ExchangeRecord } from '../../filter/record.ts'
import type { HeaderList } from '../../http/header-list.ts'
import { CHUNK_END, LAST_CHUNK, chunkHeader, encodeLastChunk, encodeResponseHead } from '../../http/h1/encode.ts'
import type { H1RequestHead, H1ResponseHead } from '../../http/h1/message.ts'
import { CHUNKED, UNTIL_CLOSE } from '../../http/h1/message.ts'
import type { Channel } from '../channel.ts'
import { HeldBytes } from '../held-bytes.ts'

const NOT_ASCII = /[\u0080-\uffff]/

/**
 * Writes one response to the client: framing, back-pressure, and holding the body back while response filters wait.
 * Framing is ours, not the upstream's: what came chunked or delimited by closing goes out chunked, to an HTTP/1.0
 * client delimited by closing (RFC 9112 section 6.3).
 */
export class ResponseWriter {
  readonly #channel: Channel
  readonly #head: H1RequestHead
  readonly #record: ExchangeRecord
  #bodyLength = 0
  #isChunked = false
  /** The status, or HEAD, rules a body out: what comes all the same would be taken for the next response. */
  #isBodiless = false
  /** Body that came before the head could go out. */
  readonly #early = new HeldBytes()
  #localBody = ''
  #isBodyWhole = false
  #isEnded = false
  /** The last bytes had to queue. */
  #isQueued = false
  #trailers: HeaderList | undefined
  #heldBytes = 0
  #releasedBytes = 0
  /** A response was begun by an upstream, though its head may still be with the filters. */
  isBegun = false
  hasHead = false
  /** Written whole, and out of our queues: the tunnel is free for the next response. */
  isComplete = false
  keepsAlive = false

  constructor(channel: Channel, head: H1RequestHead, record: ExchangeRecord) {
    this.#channel = channel
    this.#head = head
    this.#record = record
  }

  /** An upstream's response with a body of `bodyLength` bytes, `CHUNKED` or `UNTIL_CLOSE`. */
  begin(bodyLength: number): void {
    this.isBegun = true
    this.#bodyLength = bodyLength
  }

  /** Our own response, whole. */
  beginLocal(body: string): void {
    // Written as Latin-1, one byte per character: of its UTF-8 form therefore.
    this.#localBody = NOT_ASCII.test(body) ? Buffer.from(body).toString('latin1') : body
    this.#bodyLength = this.#localBody.length
    this.#isBodyWhole = true
  }

  /** Forgets a response whose head is not out. */
  discard(): void {
    this.isBegun = false
    this.#releasedBytes += this.#early.drop()
    this.#isBodyWhole = false
    this.#trailers = undefined
  }

  writeInformational(head: H1ResponseHead): void {
    // HTTP/1.0 clients do not know them (RFC 9110 section 15.2).
    if (this.#head.minorVersion === 0) return
    const text = encodeResponseHead({ status: head.status }, head.headers, { bodyLength: 0, method: this.#head.method })
    if (typeof text === 'string') this.#channel.sendText(text)
  }

  /** Writes the head and what was held of the body; the reason when the head may not go out. */
  writeHead(status: number, headers: HeaderList, mayKeepAlive: boolean): string | undefined {
    if (status < 200) return `status ${status}, which ends no exchange, cannot be a response`
    const isOld = this.#head.minorVersion === 0
    this.#isBodiless = status === 204 || status === 304 || this.#head.method === 'HEAD'
    const hasNoLength = this.#bodyLength === CHUNKED || this.#bodyLength === UNTIL_CLOSE
    this.#isChunked = hasNoLength && !isOld && !this.#isBodiless
    this.keepsAlive = mayKeepAlive && (!(hasNoLength && isOld) || this.#isBodiless)
    const text = encodeResponseHead({ status }, headers, {
      method: this.#head.method,
      bodyLength: this.#isBodiless ? 0 : hasNoLength ? (isOld ? UNTIL_CLOSE : CHUNKED) : this.#bodyLength,
      connection: this.keepsAlive ? (isOld ? 'keep-alive' : undefined) : 'close',
    })
    if (typeof text !== 'string') return text.message
    this.hasHead = true
    this.#sendText(text)
    if (this.#localBody !== '' && !this.#isBodiless) this.#sendText(this.#localBody)
    if (!this.#early.isEmpty) this.#writeEarly()
    if (this.#isBodyWhole) this.#finish()
    return undefined
  }

  /** Body bytes; false when they are held, to be asked for with `onDrained` or `takeReleasedBytes`. */
  writeBody(buffer: Buffer, start: number, end: number): boolean {
    if (!this.hasHead) {
      this.#early.push(buffer, start, end)
      return false
    }
    if (this.#isBodiless) return true
    if (this.#isChunked) this.#sendText(chunkHeader(end - start))
    this.#record.responseBytes += end - start
    let isPassed = this.#channel.send(buffer, start, end)
    this.#isQueued = !isPassed
    if (this.#isChunked) isPassed = this.#sendText(CHUNK_END)
    if (!isPassed) this.#heldBytes += end - start
    return isPassed
  }

  endBody(trailers: HeaderList | undefined): void {
    this.#isBodyWhole = true
    this.#trailers = trailers
    if (this.hasHead) this.#finish()
  }

  /** Everything that was queued is out; returns how many bytes of body that were. */
  onDrained(): number {
    this.#isQueued = false
    this.isComplete = this.#isEnded
    const bytes = this.#heldBytes
    this.#heldBytes = 0
    return bytes
  }

  /** The client is gone; how many bytes of body it will not take, nor give credit for. */
  drop(): number {
    return this.#early.drop() + this.onDrained() + this.takeReleasedBytes()
  }

  /** Bytes that waited for the head and were passed on, or dropped, with it. */
  takeReleasedBytes(): number {
    const bytes = this.#releasedBytes
    this.#releasedBytes = 0
    return bytes
  }

  #writeEarly(): void {
    for (let piece = this.#early.shift(); piece !== undefined; piece = this.#early.shift()) {
      const { buffer, start, end } = piece
      if (this.writeBody(buffer, start, end)) this.#releasedBytes += end - start
    }
  }

  #finish(): void {
    if (this.#isChunked) {
      const last = encodeLastChunk(this.#trailers)
      // Trailers that may not go out are dropped: the body is whole without them.
      this.#sendText(typeof last === 'string' ? last : LAST_CHUNK)
    }
    this.#isEnded = true
    this.isComplete = !this.#isQueued
  }

  #sendText(text: string): boolean {
    this.#record.responseBytes += text.length
    const isPassed = this.#channel.sendText(text)
    this.#isQueued = !isPassed
    return isPassed
  }
}
