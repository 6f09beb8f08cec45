import type { HeaderList } from '../../header-list.ts'
import { CR, LF } from '../chars.ts'
import { type FieldSection, describeByte, readFields } from '../fields.ts'
import { type H1Limits, badRequest, bodyTooLarge, h1Failure } from '../limits.ts'
import { CHUNKED, type H1Failure, UNTIL_CLOSE } from '../message.ts'
import { START_BYTES } from '../request-start.ts'
import { ChunkLine } from './chunk-line.ts'
import { SectionBuffer } from './section-buffer.ts'

/** What differs between requests and responses. */
export interface MessageRole {
  /** Reads the whole head at `section.base`, tells the handler, and answers how the body is framed. */
  readonly readHead: (section: FieldSection) => HeadOutcome
  /** What is wrong with the beginning of a head of which the end is not there yet, and may never be. */
  readonly faultOfStart?: (start: string) => H1Failure | undefined
  /** What is wrong with the trailers, of which it may take some away. */
  readonly checkTrailers: (trailers: HeaderList) => H1Failure | undefined
  readonly onBody: (buffer: Buffer, start: number, end: number) => void
  readonly onEnd: (trailers: HeaderList | undefined) => void
  /** `head` is the beginning of the head that is wrong; empty when it is something else. */
  readonly onFailure: (failure: H1Failure, head: string) => void
}

/** `bodyLength` as in a head; `undefined` for an informational response, after which comes another head. */
export type HeadOutcome =
  | { readonly kind: 'head'; readonly end: number; readonly bodyLength: number | undefined }
  | { readonly kind: 'failure'; readonly failure: H1Failure }

type State = 'head' | 'length' | 'until-close' | 'chunk-size' | 'chunk-data' | 'chunk-data-end' | 'trailers' | 'dead'

/** A section that ends with the input's last byte needs no search; longer inputs are searched, not cut whole. */
const WHOLE_INPUT_BYTES = 4096

/** Of a head that is not whole: enough to see whether it is one at all. */
const PROBE_BYTES = 16

/** The framing of HTTP/1.1 messages (RFC 9112 sections 6 and 7), the same for both directions. */
export class MessageReader {
  readonly #role: MessageRole
  readonly #limits: H1Limits
  readonly #section = new SectionBuffer()
  readonly #chunkLine: ChunkLine
  #state: State = 'head'
  /** Bytes left of the body or chunk. */
  #left = 0
  /** Bytes so far of a body whose length was not announced. */
  #bodyBytes = 0
  #hasDataCr = false
  /** Counts ended messages and deaths, so that `feed` notices even if a handler has fed the next message. */
  #stops = 0

  constructor(role: MessageRole, limits: H1Limits) {
    this.#role = role
    this.#limits = limits
    this.#chunkLine = new ChunkLine(limits.chunkLineBytes)
  }

  /** Between messages, with nothing kept. */
  get isIdle(): boolean {
    return this.#state === 'head' && this.#section.length === 0
  }

  /** The beginning of a head that is not whole. */
  get begunHead(): string {
    return this.#state === 'head' ? startOf(this.#section.bytes, 0, this.#section.length) : ''
  }

  get isDead(): boolean {
    return this.#state === 'dead'
  }

  feed(buffer: Buffer, start: number, end: number): number {
    const stops = this.#stops
    let at = start
    while (at < end && this.#stops === stops) {
      switch (this.#state) {
        case 'head':
          at = this.#feedHead(buffer, at, end)
          break
        case 'length':
        case 'chunk-data':
          at = this.#feedData(buffer, at, end)
          break
        case 'until-close':
          this.#bodyBytes += end - at
          if (this.#bodyBytes > this.#limits.bodyBytes) this.fail(bodyTooLarge(this.#limits))
          else this.#role.onBody(buffer, at, end)
          return end
        case 'chunk-size':
          at = this.#feedChunkSize(buffer, at, end)
          break
        case 'chunk-data-end':
          at = this.#feedDataEnd(buffer, at)
          break
        case 'trailers':
          at = this.#feedTrailers(buffer, at, end)
          break
        case 'dead':
          return end
      }
    }
    return this.#state === 'dead' ? end : at
  }

  /** The connection has ended: completes a body that lasts until then, else the message is broken off. */
  finish(): void {
    if (this.#state === 'until-close') {
      this.#end(undefined)
      this.stop()
    } else if (this.#state !== 'dead' && !this.isIdle) {
      this.fail(
        h1Failure('truncated', `the connection ended in the middle of a message (${this.#state})`),
        this.begunHead,
      )
    }
  }

  /** `head` as `onFailure` has it. */
  fail(failure: H1Failure, head = ''): void {
    if (this.#state === 'dead') return
    this.stop()
    this.#role.onFailure(failure, head)
  }

  /** Reads nothing any more. */
  stop(): void {
    this.#state = 'dead'
    this.#stops++
    this.#section.reset(false)
  }

  #end(trailers: HeaderList | undefined): void {
    this.#state = 'head'
    this.#stops++
    this.#role.onEnd(trailers)
  }

  #feedHead(buffer: Buffer, start: number, end: number): number {
    if (this.#section.length === 0) {
      const stop = endOfSection(buffer, start, end)
      if (stop !== -1) return this.#readHead(buffer, start, stop)
    }
    const at = this.#section.append(buffer, start, end, this.#limits.headBytes)
    const { bytes, length, badByte, isComplete } = this.#section
    if (badByte !== -1) {
      // What came with it was not kept.
      const head = length > 0 ? startOf(bytes, 0, length) : startOf(buffer, start, at)
      this.fail(badRequest(`${describeByte(badByte)} in a head`), head)
    } else if (isComplete) {
      this.#section.reset(false)
      this.#readHead(bytes, 0, length)
    } else if (length >= this.#limits.headBytes) this.fail(this.#headTooLarge(bytes, 0), startOf(bytes, 0, length))
    else {
      const fault = this.#role.faultOfStart?.(bytes.toString('latin1', 0, Math.min(length, PROBE_BYTES)))
      if (fault !== undefined) this.fail(fault)
    }
    return at
  }

  /** Reads a head that lies in `buffer` whole; its blank line is before `stop`. */
  #readHead(buffer: Buffer, start: number, stop: number): number {
    const { headBytes } = this.#limits
    const text = buffer.toString('latin1', start, Math.min(stop, start + headBytes))
    if (stop - start > headBytes && !text.includes('\r\n\r\n')) {
      this.fail(this.#headTooLarge(buffer, start), text)
      return stop
    }
    const outcome = this.#role.readHead({ buffer, base: start, text })
    if (this.#state === 'dead') return stop
    if (outcome.kind === 'failure') {
      this.fail(outcome.failure, text)
      return stop
    }
    if (outcome.bodyLength !== undefined) this.#startBody(outcome.bodyLength)
    return outcome.end
  }

  #headTooLarge(buffer: Buffer, start: number): H1Failure {
    const { headBytes } = this.#limits
    const lineEnd = buffer.indexOf(LF, start)
    if (lineEnd === -1 || lineEnd >= start + headBytes)
      return h1Failure('uri-too-long', `the first line is longer than ${headBytes} bytes`)
    return h1Failure('head-too-large', `the head is longer than ${headBytes} bytes`)
  }

  #startBody(bodyLength: number): void {
    this.#bodyBytes = 0
    if (bodyLength === 0) this.#end(undefined)
    else if (bodyLength === CHUNKED) this.#startChunk()
    else if (bodyLength === UNTIL_CLOSE) this.#state = 'until-close'
    else {
      this.#state = 'length'
      this.#left = bodyLength
    }
  }

  #feedData(buffer: Buffer, start: number, end: number): number {
    const stop = Math.min(end, start + this.#left)
    const wasLength = this.#state === 'length'
    this.#left -= stop - start
    if (this.#left === 0 && !wasLength) this.#state = 'chunk-data-end'
    this.#role.onBody(buffer, start, stop)
    if (wasLength && this.#left === 0 && this.#state === 'length') this.#end(undefined)
    return stop
  }

  #startChunk(): void {
    this.#state = 'chunk-size'
    this.#chunkLine.reset()
  }

  #feedChunkSize(buffer: Buffer, start: number, end: number): number {
    const line = this.#chunkLine
    const at = line.read(buffer, start, end)
    if (line.fault !== undefined) this.fail(badRequest(line.fault))
    else if (line.isComplete) this.#afterChunkSize(line.sizeBytes)
    return at
  }

  #afterChunkSize(sizeBytes: number): void {
    if (sizeBytes === 0) {
      this.#state = 'trailers'
      this.#section.reset(true)
      return
    }
    this.#bodyBytes += sizeBytes
    if (this.#bodyBytes > this.#limits.bodyBytes) return this.fail(bodyTooLarge(this.#limits))
    this.#state = 'chunk-data'
    this.#left = sizeBytes
  }

  #feedDataEnd(buffer: Buffer, at: number): number {
    const byte = buffer[at] ?? 0
    if (byte !== (this.#hasDataCr ? LF : CR)) {
      this.fail(badRequest('chunk data is longer than its size'))
      return at
    }
    if (this.#hasDataCr) this.#startChunk()
    this.#hasDataCr = !this.#hasDataCr
    return at + 1
  }

  #feedTrailers(buffer: Buffer, start: number, end: number): number {
    if (this.#section.length === 0 && buffer[start] === CR && buffer[start + 1] === LF && start + 1 < end) {
      this.#section.reset(false)
      this.#end(undefined)
      return start + 2
    }
    const at = this.#section.append(buffer, start, end, this.#limits.trailerBytes)
    const { bytes, length, badByte, isComplete } = this.#section
    if (badByte !== -1) this.fail(badRequest(`${describeByte(badByte)} in the trailers`))
    else if (isComplete) this.#readTrailers(bytes, length)
    else if (length >= this.#limits.trailerBytes)
      this.fail(h1Failure('head-too-large', `the trailers are longer than ${this.#limits.trailerBytes} bytes`))
    return at
  }

  #readTrailers(bytes: Buffer, length: number): void {
    this.#section.reset(false)
    const text = bytes.toString('latin1', 0, length)
    const { headers, failure } = readFields({ buffer: bytes, base: 0, text }, 0, this.#limits.fields)
    if (failure !== undefined) return this.fail(failure)
    const wrong = this.#role.checkTrailers(headers)
    if (wrong !== undefined) return this.fail(wrong)
    this.#end(headers.size === 0 ? undefined : headers)
  }
}

/** What a head begins with. */
function startOf(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('latin1', start, Math.min(end, start + START_BYTES))
}

/** An offset by which the section at `start` has ended for certain, or -1. */
function endOfSection(buffer: Buffer, start: number, end: number): number {
  const size = end - start
  if (size >= 4 && size <= WHOLE_INPUT_BYTES && endOfBlankLine(buffer, end - 4, end) === end) return end
  return endOfBlankLine(buffer, start, end)
}

/**
 * Three of four bytes are passed over: what is neither CR nor LF cannot be the end of a blank line, nor any of the three bytes
 * before it. In so few bytes as a head has this finds it before `Buffer.indexOf` has reached its C++.
 */
function endOfBlankLine(buffer: Buffer, start: number, end: number): number {
  let at = start + 3
  while (at < end) {
    const byte = buffer[at] ?? 0
    if (byte === LF) {
      if (buffer[at - 1] === CR && buffer[at - 2] === LF && buffer[at - 3] === CR) return at + 1
      at += 2
    } else at += byte === CR ? 1 : 4
  }
  return -1
}
