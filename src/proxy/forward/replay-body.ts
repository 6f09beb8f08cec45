import type { SpareMemory } from './spare-memory.ts'

/** More than this of a body is not kept: such a request is sent once. */
const LIMIT_BYTES = 64 * 1024
const none = Buffer.alloc(0)

/** A copy of what was sent of a request's body, as long as the request may have to be sent again. */
export class ReplayBody {
  readonly #memory: SpareMemory
  #keptBytes = 0
  /** `[0..length)` of it. */
  buffer: Buffer = none
  length = 0
  /** Something was sent that is not here: the request cannot be repeated. */
  isLost = false

  constructor(memory: SpareMemory) {
    this.#memory = memory
  }

  /** Keeps `source[start..end)` as well, or nothing any more if that is too much. */
  add(source: Buffer, start: number, end: number): void {
    if (this.isLost) return
    const needed = this.length + end - start
    if (needed > LIMIT_BYTES) return this.drop()
    const { buffer } = this
    const size = needed > buffer.length ? Math.min(Math.max(needed, this.length * 2), LIMIT_BYTES) : buffer.length
    this.#keptBytes = size
    if (!this.#memory.take(size - buffer.length)) return this.drop()
    if (size > buffer.length) {
      this.buffer = Buffer.allocUnsafe(size)
      buffer.copy(this.buffer, 0, 0, this.length)
    }
    this.length += source.copy(this.buffer, this.length, start, end)
  }

  /** From now on the request cannot be repeated. */
  drop(): void {
    this.isLost = true
    this.#memory.give(this.#keptBytes)
    this.#keptBytes = 0
    this.buffer = none
    this.length = 0
  }
}
