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

/** Pools of each power of two up to a largest size; what is larger is left to the collector. */
export class BufferPools {
  readonly #leastBytes: number
  readonly #pools: readonly BufferPool[]

  /** Each pool keeps up to `freeBytes` that nobody uses. Both sizes are powers of two. */
  constructor(leastBytes: number, mostBytes: number, freeBytes: number) {
    this.#leastBytes = leastBytes
    const sizes = Array.from({ length: Math.log2(mostBytes / leastBytes) + 1 }, (_, i) => leastBytes * 2 ** i)
    this.#pools = sizes.map((bytes) => new BufferPool(bytes, Math.ceil(freeBytes / bytes)))
  }

  /** At least so many bytes, a power of two; what the last owner wrote may still be in them. */
  take(bytes: number): Buffer {
    let size = this.#leastBytes
    while (size < bytes) size *= 2
    return this.#poolOf(size)?.take() ?? Buffer.allocUnsafeSlow(size)
  }

  /** Takes back what came from here; nobody may use it any more. */
  give(buffer: Buffer): void {
    if (buffer.length > 0) this.#poolOf(buffer.length)?.give(buffer)
  }

  #poolOf(size: number): BufferPool | undefined {
    if (size < this.#leastBytes) return undefined
    return this.#pools[31 - Math.clz32(size / this.#leastBytes)]
  }
}
