const headEnd = Buffer.from('\r\n\r\n', 'latin1')
const MAX_HEAD_BYTES = 16 * 1024

/**
 * Reads the answers of one keep-alive connection, as little as a load generator needs: status, content-length and
 * whether the server will close.
 * It is not the codec under test on purpose: what it refuses (an answer without content-length, an endless head)
 * ends the lane with a reason.
 */
export class ResponseReader {
  readonly #onAnswer: (status: number, bodyBytes: number, isLast: boolean) => void
  readonly #onFailure: (why: string) => void
  #carry: Buffer | undefined
  #status = 0
  #bodyBytes = 0
  #bodyRemaining = 0
  #isLast = false
  #hasFailed = false

  constructor(
    onAnswer: (status: number, bodyBytes: number, isLast: boolean) => void,
    onFailure: (why: string) => void,
  ) {
    this.#onAnswer = onAnswer
    this.#onFailure = onFailure
  }

  /** Takes `buffer[from..end)` and calls back for each answer that is complete. */
  feed(buffer: Buffer, from: number, end: number): void {
    let at = from
    while (at < end && !this.#hasFailed) {
      if (this.#bodyRemaining === 0) {
        at = this.#readHead(buffer, at, end)
        continue
      }
      const bytes = Math.min(this.#bodyRemaining, end - at)
      at += bytes
      this.#bodyRemaining -= bytes
      if (this.#bodyRemaining === 0) this.#onAnswer(this.#status, this.#bodyBytes, this.#isLast)
    }
  }

  #readHead(buffer: Buffer, at: number, end: number): number {
    if (this.#carry !== undefined) return this.#readCarriedHead(this.#carry, buffer, at, end)
    const found = buffer.indexOf(headEnd, at)
    if (found >= 0 && found + headEnd.length <= end) {
      this.#beginBody(buffer.toString('latin1', at, found))
      return found + headEnd.length
    }
    this.#carry = Buffer.from(buffer.subarray(at, end))
    return end
  }

  #readCarriedHead(carry: Buffer, buffer: Buffer, at: number, end: number): number {
    const joined = Buffer.concat([carry, buffer.subarray(at, end)])
    const found = joined.indexOf(headEnd)
    if (found < 0) {
      this.#carry = joined
      if (joined.length > MAX_HEAD_BYTES) this.#fail(`an answer head of more than ${MAX_HEAD_BYTES} bytes`)
      return end
    }
    this.#carry = undefined
    this.#beginBody(joined.toString('latin1', 0, found))
    return at + found + headEnd.length - carry.length
  }

  #beginBody(head: string): void {
    const status = Number(head.slice(9, 12))
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (!head.startsWith('HTTP/1.1 ') || Number.isNaN(status)) return this.#fail(`no answer: ${head.slice(0, 40)}`)
    if (length === undefined) return this.#fail(`an answer without content-length, status ${status}`)
    this.#status = status
    this.#bodyBytes = this.#bodyRemaining = Number(length)
    this.#isLast = /\r\nconnection: *close/i.test(head)
    if (this.#bodyRemaining === 0) this.#onAnswer(status, 0, this.#isLast)
  }

  #fail(why: string): void {
    this.#hasFailed = true
    this.#onFailure(why)
  }
}
