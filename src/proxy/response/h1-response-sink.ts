import type { ExchangeRecord } from '../../filter/record.ts'
import type { HeaderList } from '../../http/header-list.ts'
import { CHUNK_END, LAST_CHUNK, chunkHeader, encodeLastChunk, encodeResponseHead } from '../../http/h1/encode.ts'
import type { H1RequestHead, H1ResponseHead } from '../../http/h1/message.ts'
import { CHUNKED, UNTIL_CLOSE } from '../../http/h1/message.ts'
import type { Channel } from '../channel.ts'
import type { OutgoingHead, ResponseSink } from './response-sink.ts'

/**
 * Writes the responses of one HTTP/1.1 connection, one after the other. Framing is ours, not the upstream's: what came
 * chunked or delimited by closing goes out chunked, to an HTTP/1.0 client delimited by closing (RFC 9112 section 6.3).
 */
export class H1ResponseSink implements ResponseSink {
  readonly #channel: Channel
  #method = ''
  #isOld = false
  #isChunked = false
  #record: Pick<ExchangeRecord, 'responseBytes'> | undefined
  keepsAlive = false

  constructor(channel: Channel) {
    this.#channel = channel
  }

  /** The next response answers this request. */
  begin(head: H1RequestHead, record: Pick<ExchangeRecord, 'responseBytes'>): void {
    this.#method = head.method
    this.#isOld = head.minorVersion === 0
    this.#isChunked = false
    this.#record = record
    this.keepsAlive = false
  }

  /** The response is over: until the next one nothing is kept of it. */
  forget(): void {
    this.#record = undefined
  }

  writeInformational(head: H1ResponseHead): void {
    // HTTP/1.0 clients do not know them (RFC 9110 section 15.2).
    if (this.#isOld) return
    const text = encodeResponseHead({ status: head.status }, head.headers, { bodyLength: 0, method: this.#method })
    if (typeof text === 'string') this.#channel.sendText(text)
  }

  writeHead({ status, headers, bodyLength, isBodiless, upgrade, mayKeepAlive }: OutgoingHead): string | undefined {
    const isOld = this.#isOld
    const hasNoLength = bodyLength === CHUNKED || bodyLength === UNTIL_CLOSE
    const keepsAlive = mayKeepAlive && upgrade === undefined && (!(hasNoLength && isOld) || isBodiless)
    const text = encodeResponseHead({ status }, headers, {
      method: this.#method,
      bodyLength: isBodiless ? 0 : hasNoLength ? (isOld ? UNTIL_CLOSE : CHUNKED) : bodyLength,
      connection: keepsAlive ? (isOld ? 'keep-alive' : undefined) : 'close',
      upgrade,
    })
    if (typeof text !== 'string') return text.message
    this.#isChunked = hasNoLength && !isOld && !isBodiless && upgrade === undefined
    this.keepsAlive = keepsAlive
    this.writeText(text)
    return undefined
  }

  writeBody(buffer: Buffer, start: number, end: number): boolean {
    if (this.#isChunked) this.writeText(chunkHeader(end - start))
    this.#count(end - start)
    const isPassed = this.#channel.send(buffer, start, end)
    return this.#isChunked ? this.writeText(CHUNK_END) : isPassed
  }

  writeText(text: string): boolean {
    this.#count(text.length)
    return this.#channel.sendText(text)
  }

  end(trailers: HeaderList | undefined): boolean {
    if (!this.#isChunked) return true
    const last = encodeLastChunk(trailers)
    // Trailers that may not go out are dropped: the body is whole without them.
    return this.writeText(typeof last === 'string' ? last : LAST_CHUNK)
  }

  #count(bytes: number): void {
    if (this.#record !== undefined) this.#record.responseBytes += bytes
  }
}
