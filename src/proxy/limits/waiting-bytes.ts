import { ownPiece } from '../held-bytes.ts'
import type { Piece } from '../held-bytes.ts'

const SLAB_BYTES = 16 * 1024
/** Larger ones get memory of their own: it costs little beside them. */
const MAX_BYTES = 2 * 1024
/** Kept for the next ones; what is more is left to V8. */
const MAX_SPARE = 64

/** Memory for many pieces, and how many of them are not given back yet. */
interface Slab {
  readonly buffer: Buffer
  pieces: number
  readonly onFree: (slab: Slab) => void
}

/** A piece that lies among others. */
class SlabPiece implements Piece {
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
  #slab: Slab | undefined

  constructor(slab: Slab, start: number, end: number) {
    this.buffer = slab.buffer
    this.start = start
    this.end = end
    this.#slab = slab
    slab.pieces++
  }

  giveBack(): void {
    const slab = this.#slab
    this.#slab = undefined
    if (slab !== undefined && --slab.pieces === 0) slab.onFree(slab)
  }
}

/** Says that nobody will read this piece any more, or what was cut from it. One that never comes back costs nothing but that. */
export const giveBackPiece = (piece: Piece): void => {
  if (piece instanceof SlabPiece) piece.giveBack()
}

/**
 * Bytes that wait for their turn, a few milliseconds mostly, of whatever tunnels. In an overload nearly every request
 * does: memory of its own for each would cost more than to read it, and the 64 KB that it was read into hold answers of
 * endpoints too. All that came at about the same time goes at about the same time, so it may lie together; but for what
 * is refused later, which is to lie with its like. What has gone makes room for what comes: left to V8, memory of this kind
 * that has survived for a tenth of a second stays until all is collected, which in an overload it grows by 10 MB a second.
 */
export class WaitingBytes {
  #slab: Slab | undefined
  #used = 0
  readonly #spare: Slab[] = []

  /** A copy of `buffer[start..end)`, unless it fills much of its memory. */
  keep(buffer: Buffer, start: number, end: number): Piece {
    const bytes = end - start
    if (bytes > MAX_BYTES) return ownPiece(buffer, start, end)
    let slab = this.#slab
    if (slab === undefined || this.#used + bytes > SLAB_BYTES) slab = this.#next()
    const at = this.#used
    this.#used += buffer.copy(slab.buffer, at, start, end)
    return new SlabPiece(slab, at, this.#used)
  }

  #next(): Slab {
    const slab = this.#spare.pop() ?? {
      buffer: Buffer.allocUnsafeSlow(SLAB_BYTES),
      pieces: 0,
      onFree: this.#onFree,
    }
    this.#slab = slab
    this.#used = 0
    return slab
  }

  readonly #onFree = (slab: Slab): void => {
    if (slab === this.#slab) this.#used = 0
    else if (this.#spare.length < MAX_SPARE) this.#spare.push(slab)
  }
}
