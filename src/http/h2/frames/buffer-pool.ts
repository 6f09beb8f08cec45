/**
 * Memory that bodies pass through, used again and again: fresh buffers for each 16 KB live long enough, waiting for a
 * slow reader or a full socket, to reach V8's old generation, and collecting that stops everything for 10 ms.
 */
export class BufferPool {
  /** The size of each. */
  readonly bytes: number
  readonly #maxFree: number
  readonly #free: Buffer[] = []

  /** Buffers of `bytes` each, of which `maxFree` are kept while nobody uses them. */
  constructor(bytes: number, maxFree: number) {
    this.bytes = bytes
    this.#maxFree = maxFree
  }

  /** What the last owner wrote is still in it. */
  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.bytes)
  }

  /** Takes back what came from here; nobody may use it any more. Others of another size are left to the collector. */
  give(buffer: Buffer): void {
    if (buffer.length === this.bytes && this.#free.length < this.#maxFree) this.#free.push(buffer)
  }
}
