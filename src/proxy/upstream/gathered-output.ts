/** Pieces below this join the text before them: a body in tiny chunks must not cost an object for each. */
const JOIN_BELOW_BYTES = 256

/** What is sent in one turn of the loop, so that it goes out as one buffer, and one TLS record. */
export class GatheredOutput {
  #pieces: Buffer[] = []
  #text = ''

  /** `buffer[start..end)` must stay as it is until it is taken, and after that if it is large. */
  add(buffer: Buffer, start: number, end: number): void {
    if (end - start < JOIN_BELOW_BYTES) this.#text += buffer.toString('latin1', start, end)
    else {
      this.#settle()
      this.#pieces.push(buffer.subarray(start, end))
    }
  }

  /** Latin-1. */
  addText(text: string): void {
    this.#text += text
  }

  /** Everything so far; `undefined` for nothing. */
  take(): Buffer | undefined {
    this.#settle()
    const pieces = this.#pieces
    if (pieces.length === 0) return undefined
    this.#pieces = []
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces)
  }

  #settle(): void {
    if (this.#text === '') return
    this.#pieces.push(Buffer.from(this.#text, 'latin1'))
    this.#text = ''
  }
}
