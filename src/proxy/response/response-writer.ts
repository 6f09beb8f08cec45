import type { ExchangeRecord } from '../../filter/record.ts'
import type { HeaderList } from '../../http/header-list.ts'
import { CHUNK_END, LAST_CHUNK, chunkHeader, encodeLastChunk, encodeResponseHead } from '../../http/h1/encode.ts'
import type { H1RequestHead, H1ResponseHead } from '../../http/h1/message.ts'
import { CHUNKED, UNTIL_CLOSE } from '../../http/h1/message.ts'
import type { Channel } from '../channel.ts'

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
  /** Body that came before the head could go out. */
  #early: { readonly buffer: Buffer; readonly start: number; readonly end: number }[] = []
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

  /** Our own response, whole; `body` is Latin-1. */
  beginLocal(body: string): void {
    this.#localBody = body
    this.#bodyLength = body.length
    this.#isBodyWhole = true
  }

  /** Forgets a response whose head is not out. */
  discard(): void {
    this.isBegun = false
    for (const { start, end } of this.#early) this.#releasedBytes += end - start
    this.#early = []
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
    const isOld = this.#head.minorVersion === 0
    const hasNoLength = this.#bodyLength === CHUNKED || this.#bodyLength === UNTIL_CLOSE
    this.#isChunked = hasNoLength && !isOld
    this.keepsAlive = mayKeepAlive && !(hasNoLength && isOld)
    const text = encodeResponseHead({ status }, headers, {
      method: this.#head.method,
      bodyLength: hasNoLength ? (isOld ? UNTIL_CLOSE : CHUNKED) : this.#bodyLength,
      connection: this.keepsAlive ? (isOld ? 'keep-alive' : undefined) : 'close',
    })
    if (typeof text !== 'string') return text.message
    this.hasHead = true
    this.#sendText(text)
    if (this.#localBody !== '' && this.#head.method !== 'HEAD') this.#sendText(this.#localBody)
    const early = this.#early
    this.#early = []
    for (const { buffer, start, end } of early) {
      if (this.writeBody(buffer, start, end)) this.#releasedBytes += end - start
    }
    if (this.#isBodyWhole) this.#finish()
    return undefined
  }

  /** Body bytes; false when they are held, to be asked for with `onDrained` or `takeReleasedBytes`. */
  writeBody(buffer: Buffer, start: number, end: number): boolean {
    if (!this.hasHead) {
      this.#early.push({ buffer, start, end })
      return false
    }
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

  /** Bytes that waited for the head and were passed on, or dropped, with it. */
  takeReleasedBytes(): number {
    const bytes = this.#releasedBytes
    this.#releasedBytes = 0
    return bytes
  }

  #finish(): void {
    if (this.#isChunked && this.#head.method !== 'HEAD') {
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
