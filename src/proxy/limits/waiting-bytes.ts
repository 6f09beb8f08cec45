import { ownPiece } from '../held-bytes.ts'
import type { Piece } from '../held-bytes.ts'

const SLAB_BYTES = 16 * 1024
/** Larger ones get memory of their own: it costs little beside them. */
const MAX_BYTES = 2 * 1024

/**
 * Bytes that wait for their turn, a few milliseconds mostly, of whatever tunnels. In an overload nearly every request
 * does: memory of its own for each would cost more than to read it, and the 64 KB that it was read into hold answers of
 * endpoints too. All that came at about the same time goes at about the same time, so it may lie together; but for what
 * is refused later, which is to lie with its like.
 */
export class WaitingBytes {
  #slab = Buffer.alloc(0)
  #used = 0

  /** A copy of `buffer[start..end)`, unless it fills much of its memory. */
  keep(buffer: Buffer, start: number, end: number): Piece {
    const bytes = end - start
    if (bytes > MAX_BYTES) return ownPiece(buffer, start, end)
    if (this.#used + bytes > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
      this.#used = 0
    }
    const at = this.#used
    this.#used += buffer.copy(this.#slab, at, start, end)
    return { buffer: this.#slab, start: at, end: this.#used }
  }
}
