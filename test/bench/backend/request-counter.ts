const headEnd = Buffer.from('\r\n\r\n', 'latin1')
const CR = 13

/** Counts requests without bodies on one connection by the ends of their heads, however they are cut. */
export class RequestCounter {
  /** How many bytes of the end of a head have been seen. */
  #matched = 0

  /** How many heads ended in `buffer[from..end)`. */
  feed(buffer: Buffer, from: number, end: number): number {
    let at = from
    let count = 0
    while (this.#matched > 0 && at < end) count += this.#step(buffer[at++] ?? 0)
    while (at < end) {
      const found = buffer.indexOf(headEnd, at)
      if (found < 0 || found + headEnd.length > end) break
      count++
      at = found + headEnd.length
    }
    for (let i = Math.max(at, end - headEnd.length + 1); i < end; i++) this.#step(buffer[i] ?? 0)
    return count
  }

  #step(byte: number): number {
    if (byte !== headEnd[this.#matched]) {
      this.#matched = byte === CR ? 1 : 0
      return 0
    }
    this.#matched++
    if (this.#matched < headEnd.length) return 0
    this.#matched = 0
    return 1
  }
}
