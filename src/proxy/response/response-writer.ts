import type { HeaderList } from '../../http/header-list.ts'
import { removeHopByHop } from '../../http/hop-by-hop.ts'
import type { H1ResponseHead } from '../../http/h1/message.ts'
import { UNTIL_CLOSE } from '../../http/h1/message.ts'
import { HeldBytes } from '../held-bytes.ts'
import type { ResponseSink } from './response-sink.ts'

const NOT_ASCII = /[\u0080-\uffff]/

/** What came of a body before its head went out. */
export interface EarlyBody {
  readonly held: HeldBytes
  readonly isWhole: boolean
  readonly trailers: HeaderList | undefined
}

/** One response on its way to the client: back-pressure, and holding the body back while response filters wait. */
export class ResponseWriter {
  readonly #sink: ResponseSink
  readonly #method: string
  #bodyLength = 0
  #isOpen = false
  /** Of a 101: what is spoken on the connection from its head on. */
  #upgrade: string | undefined
  /** The status, or HEAD, rules a body out: what comes all the same would be taken for the next response. */
  #isBodiless = false
  /** Body that came before the head could go out. */
  #early = new HeldBytes()
  /** Latin-1 text, or bytes. */
  #localBody: string | Buffer = ''
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

  /** `method` is the request's. */
  constructor(sink: ResponseSink, method: string) {
    this.#sink = sink
    this.#method = method
  }

  /** Whether the client's connection may carry another request. */
  get keepsAlive(): boolean {
    return this.hasHead && this.#sink.keepsAlive
  }

  /** An upstream's response with a body of `bodyLength` bytes, `CHUNKED` or `UNTIL_CLOSE`; `isOpen` as its head has it. */
  begin(bodyLength: number, isOpen = false): void {
    this.isBegun = true
    this.#isOpen = isOpen
    this.#bodyLength = bodyLength
  }

  /** An upstream's 101: what follows it is body, in both directions, until they end. */
  beginUpgrade(protocol: string): void {
    this.begin(UNTIL_CLOSE)
    this.#upgrade = protocol
  }

  /** Our own response, whole. */
  beginLocal(body: string | Buffer): void {
    // Text is written as Latin-1, one byte per character: of its UTF-8 form therefore.
    const isPlain = typeof body !== 'string' || !NOT_ASCII.test(body)
    this.#localBody = isPlain ? body : Buffer.from(body).toString('latin1')
    this.#bodyLength = this.#localBody.length
    this.#isBodyWhole = true
  }

  /** Forgets a response whose head is not out. */
  discard(): void {
    this.isBegun = false
    this.#isOpen = false
    this.#upgrade = undefined
    this.#localBody = ''
    this.#releasedBytes += this.#early.drop()
    this.#isBodyWhole = false
    this.#trailers = undefined
  }

  /** Whether a response of this status to this request has no body. */
  hasNoBody(status: number): boolean {
    return status === 204 || status === 304 || this.#method === 'HEAD'
  }

  /** Of an upstream's response nothing follows the head, or another protocol does. */
  get isBare(): boolean {
    return this.#upgrade !== undefined || (this.#bodyLength === 0 && !this.#isOpen)
  }

  /** Its head says how long it is, or it is here already: whoever gives it has no need to see more of the request. */
  hasKnownEnd(status: number): boolean {
    return this.#isBodyWhole || this.hasNoBody(status) || (this.#bodyLength >= 0 && !this.#isOpen)
  }

  /** Bytes of the body as the head will announce it; to be set before that is written. */
  get bodyLength(): number {
    return this.#bodyLength
  }

  set bodyLength(bytes: number) {
    this.#bodyLength = bytes
  }

  /** Gives back what came of the body before its head could go out: it will be written in another form. */
  takeEarly(): EarlyBody {
    if (this.#localBody.length > 0) {
      const local = typeof this.#localBody === 'string' ? Buffer.from(this.#localBody, 'latin1') : this.#localBody
      this.#early.push(local, 0, local.length)
      this.#localBody = ''
    }
    const early = { held: this.#early, isWhole: this.#isBodyWhole, trailers: this.#trailers }
    this.#early = new HeldBytes()
    this.#isBodyWhole = false
    this.#trailers = undefined
    return early
  }

  /** As any head, without what concerns only the connection that it came on. */
  writeInformational(head: H1ResponseHead): void {
    removeHopByHop(head.headers)
    this.#sink.writeInformational(head)
  }

  /** Writes the head and what was held of the body; the reason when the head may not go out. */
  writeHead(status: number, headers: HeaderList, mayKeepAlive: boolean): string | undefined {
    const upgrade = this.#upgrade
    if (upgrade !== undefined && status !== 101) return `status ${status} in place of 101, which the upstream meant`
    if (status < 200 && upgrade === undefined) return `status ${status}, which ends no exchange, cannot be a response`
    const isBodiless = this.hasNoBody(status)
    const failure = this.#sink.writeHead({
      status,
      headers,
      bodyLength: this.#bodyLength,
      isBodiless,
      isOpen: this.#isOpen,
      upgrade,
      mayKeepAlive,
    })
    if (failure !== undefined) return failure
    this.#isBodiless = isBodiless
    this.hasHead = true
    if (this.#localBody.length > 0 && !isBodiless) this.#isQueued = !this.#writeLocal(this.#localBody)
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
    const isPassed = this.#sink.writeBody(buffer, start, end)
    this.#isQueued = !isPassed
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

  #writeLocal(body: string | Buffer): boolean {
    return typeof body === 'string' ? this.#sink.writeText(body) : this.#sink.writeBody(body, 0, body.length)
  }

  #writeEarly(): void {
    this.#early.deliver((buffer, start, end) => {
      if (this.writeBody(buffer, start, end)) this.#releasedBytes += end - start
    })
  }

  #finish(): void {
    if (!this.#sink.end(this.#trailers)) this.#isQueued = true
    this.#isEnded = true
    this.isComplete = !this.#isQueued
  }
}
