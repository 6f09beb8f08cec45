const HEAD_END = '\r\n\r\n'

/** Collects the heads of HTTP/1.1 requests, however they are cut; what lies between them is its user's. */
export class HeadReader {
  readonly #onHead: (head: string) => void
  #text = ''

  constructor(onHead: (head: string) => void) {
    this.#onHead = onHead
  }

  /** Takes `buffer[start..end)` up to the end of a head, with which it calls back; where it has stopped. */
  feed(buffer: Buffer, start: number, end: number): number {
    const before = this.#text.length
    const text = this.#text + buffer.toString('latin1', start, end)
    const found = text.indexOf(HEAD_END, Math.max(0, before - HEAD_END.length))
    if (found < 0) {
      this.#text = text
      return end
    }
    this.#text = ''
    const headBytes = found + HEAD_END.length
    this.#onHead(text.slice(0, headBytes))
    return start + headBytes - before
  }
}
