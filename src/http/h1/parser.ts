/**
 * HTTP/1.1 as bytes in and values out (RFC 9112): strict, incremental, synchronous, and free of sockets and of routing.
 * Whatever two readers could understand differently is refused, because behind us stands another reader.
 */
import type { HeaderList } from '../header-list.ts'
import { forbiddenTrailer, removeFramingTrailers } from '../trailers.ts'
import { CR, LF } from './chars.ts'
import type { FieldSection } from './fields.ts'
import { DEFAULT_H1_LIMITS, type H1Limits, badRequest, h1Failure } from './limits.ts'
import { type HeadOutcome, MessageReader } from './framing/message-reader.ts'
import type { H1Failure, H1RequestHead, H1ResponseHead, RequestStart } from './message.ts'
import { readRequestHead } from './request-head.ts'
import { readRequestStart } from './request-start.ts'
import { faultOfResponseStart, readResponseHead, switchesProtocol } from './response-head.ts'

/** Called synchronously from `feed` and `finish`; body ranges are valid only during the call. */
export interface H1RequestHandler {
  onRequest(head: H1RequestHead): void
  onBody(buffer: Buffer, start: number, end: number): void
  /** The message is complete; `trailers` is `undefined` when there were none. */
  onEnd(trailers: HeaderList | undefined): void
  /** Called at most once, and nothing after it; `start` is empty when it is not a head that is wrong. */
  onFailure(failure: H1Failure, start: RequestStart): void
}

/** Called synchronously from `feed` and `finish`; body ranges are valid only during the call. */
export interface H1ResponseHandler {
  /** A 1xx other than 101; the final response follows. */
  onInformational(head: H1ResponseHead): void
  onResponse(head: H1ResponseHead): void
  onBody(buffer: Buffer, start: number, end: number): void
  /** The message is complete; `trailers` is `undefined` when there were none. */
  onEnd(trailers: HeaderList | undefined): void
  /** Called at most once, and nothing after it. */
  onFailure(failure: H1Failure): void
}

/** Empty lines tolerated before a request (RFC 9112 section 2.2 asks for one, after a form post of an old client). */
const MAX_EMPTY_LINES = 4
/** Informational responses to one request; more is an attempt to keep us busy. */
const MAX_INFORMATIONAL = 100

/** Reads the requests of one connection, one at a time. */
export class H1RequestParser {
  readonly #reader: MessageReader
  #emptyLines = 0
  #hasEmptyLineCr = false

  constructor(handler: H1RequestHandler, limits: H1Limits = DEFAULT_H1_LIMITS) {
    this.#reader = new MessageReader(
      {
        readHead: (section) => {
          const read = readRequestHead(section, limits)
          if ('code' in read) return { kind: 'failure', failure: read }
          this.#emptyLines = 0
          handler.onRequest(read.head)
          return { kind: 'head', end: read.end, bodyLength: read.head.bodyLength }
        },
        checkTrailers: ({ fields }) => {
          const forbidden = forbiddenTrailer(fields)
          return forbidden === undefined ? undefined : badRequest(`field ${forbidden} in the trailers`)
        },
        onBody: (buffer, start, end) => handler.onBody(buffer, start, end),
        onEnd: (trailers) => handler.onEnd(trailers),
        onFailure: (failure, head) => handler.onFailure(failure, readRequestStart(head)),
      },
      limits,
    )
  }

  /** What has come of a head that is not whole. */
  get start(): RequestStart {
    return readRequestStart(this.#reader.begunHead)
  }

  /** Between messages with nothing kept: the connection can be closed without harm. */
  get isIdle(): boolean {
    return this.#reader.isIdle && !this.#hasEmptyLineCr
  }

  /**
   * Reads `buffer` from `start` to `end` and returns how far it got: `end`, or the offset after a message that ended
   * before. Feeding the rest starts the next one (pipelining); after CONNECT or an upgrade it belongs to whoever speaks
   * next. After a failure it returns `end` and does nothing.
   */
  feed(buffer: Buffer, start: number, end: number): number {
    if (start >= end) return end
    let at = start
    if (this.#hasEmptyLineCr || (buffer[start] === CR && this.#reader.isIdle)) {
      at = this.#skipEmptyLines(buffer, start, end)
      if (at >= end) return end
    }
    return this.#reader.feed(buffer, at, end)
  }

  /** The peer will send no more; in the middle of a message that is a failure. */
  finish(): void {
    this.#reader.finish()
  }

  /** Ignores everything from now on, as after a failure but without a call. */
  stop(): void {
    this.#reader.stop()
  }

  #skipEmptyLines(buffer: Buffer, start: number, end: number): number {
    for (let at = start; at < end; at++) {
      const byte = buffer[at]
      if (this.#hasEmptyLineCr) {
        if (byte !== LF) return this.#refuse('bare CR before a request', end)
        this.#hasEmptyLineCr = false
        if (++this.#emptyLines > MAX_EMPTY_LINES) return this.#refuse('too many empty lines before a request', end)
      } else if (byte === CR) this.#hasEmptyLineCr = true
      else return at
    }
    return end
  }

  #refuse(why: string, end: number): number {
    this.#hasEmptyLineCr = false
    this.#reader.fail(badRequest(why))
    return end
  }
}

/** Reads the responses of one connection, each announced by `expect`. */
export class H1ResponseParser {
  readonly #reader: MessageReader
  /** Method of the request whose response is due. */
  #method: string | undefined
  #informational = 0

  constructor(handler: H1ResponseHandler, limits: H1Limits = DEFAULT_H1_LIMITS) {
    this.#reader = new MessageReader(
      {
        readHead: (section) => this.#readHead(section, handler, limits),
        faultOfStart: faultOfResponseStart,
        checkTrailers: (trailers) => {
          removeFramingTrailers(trailers)
          return undefined
        },
        onBody: (buffer, start, end) => handler.onBody(buffer, start, end),
        onEnd: (trailers) => {
          this.#method = undefined
          handler.onEnd(trailers)
        },
        onFailure: (failure) => handler.onFailure(failure),
      },
      limits,
    )
  }

  /** Neither in a response nor expecting one. */
  get isIdle(): boolean {
    return this.#method === undefined && this.#reader.isIdle
  }

  /**
   * Announces a request, whose method decides about the response's body (HEAD, CONNECT).
   * One at a time: throws while a response is due, which would be a bug of the caller.
   */
  expect(method: string): void {
    if (this.#method !== undefined) throw new Error(`expect(${method}) while the response to ${this.#method} is due`)
    this.#method = method
    this.#informational = 0
  }

  /**
   * Reads `buffer` from `start` to `end` and returns how far it got: `end`, or the offset after a response that ended
   * before. After a 101, or a 2xx to CONNECT, the rest belongs to the new protocol. After a failure it returns `end`
   * and does nothing.
   */
  feed(buffer: Buffer, start: number, end: number): number {
    if (start >= end) return end
    if (this.#method === undefined) {
      this.#reader.fail(badRequest('a response without a request'))
      return end
    }
    return this.#reader.feed(buffer, start, end)
  }

  /** The peer has closed: ends a response that lasts until then; any other one that is due has failed. */
  finish(): void {
    if (this.#method !== undefined && this.#reader.isIdle)
      this.#reader.fail(h1Failure('truncated', `the connection ended before the response to ${this.#method}`))
    else this.#reader.finish()
  }

  /** Ignores everything from now on, as after a failure but without a call. */
  stop(): void {
    this.#reader.stop()
  }

  #readHead(section: FieldSection, handler: H1ResponseHandler, limits: H1Limits): HeadOutcome {
    const method = this.#method ?? 'GET'
    const read = readResponseHead(section, method, limits)
    if ('code' in read) return { kind: 'failure', failure: read }
    const { head, end } = read
    if (head.status < 200 && !switchesProtocol(method, head.status)) {
      if (++this.#informational > MAX_INFORMATIONAL)
        return { kind: 'failure', failure: badRequest(`more than ${MAX_INFORMATIONAL} informational responses`) }
      handler.onInformational(head)
      return { kind: 'head', end, bodyLength: undefined }
    }
    handler.onResponse(head)
    return { kind: 'head', end, bodyLength: head.bodyLength }
  }
}
