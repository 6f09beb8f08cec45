import { CHUNKED, UNTIL_CLOSE } from '../h1/message.ts'

/**
 * Holds a body against the length that its head announced, while it streams. The HTTP/2 receiver does so for what has
 * a content-length, the HTTP/1.1 reader by construction; this is for the rest, bodies that the status or the method
 * rules out, and for whoever writes a length that the message did not bring.
 */
export class BodyGauge {
  #left: number

  /** `bodyLength` as in a head: bytes, `CHUNKED` or `UNTIL_CLOSE`. */
  constructor(bodyLength: number) {
    this.#left = bodyLength === CHUNKED || bodyLength === UNTIL_CLOSE ? Number.POSITIVE_INFINITY : bodyLength
  }

  /** Takes bytes in; false when they are more than announced, and none of them may be sent. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false
    this.#left -= bytes
    return true
  }

  /** Whether the body may end here; else the message must be broken off visibly. */
  get mayEnd(): boolean {
    return this.#left === 0 || this.#left === Number.POSITIVE_INFINITY
  }
}
