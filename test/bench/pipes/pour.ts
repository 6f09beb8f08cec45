import type { Pipe } from './pipe.ts'

const PIECE = Buffer.alloc(64 * 1024, 'x')

/** Sends long bodies through a pipe, one after the other, as far as it takes them. */
export class Pour {
  readonly #pipe: Pipe
  readonly #onSent: ((bytes: number) => void) | undefined
  #remaining = 0

  /** `onSent` hears of everything the pipe has taken. */
  constructor(pipe: Pipe, onSent?: (bytes: number) => void) {
    this.#pipe = pipe
    this.#onSent = onSent
  }

  /** Begins with a body of so many bytes; the one before is out. */
  start(bytes: number): void {
    this.#remaining = bytes
    this.go()
  }

  /** To be called when the pipe has drained. */
  go(): void {
    while (this.#remaining > 0) {
      const bytes = Math.min(this.#remaining, PIECE.length)
      this.#remaining -= bytes
      const mayGoOn = this.#pipe.write(bytes === PIECE.length ? PIECE : PIECE.subarray(0, bytes))
      this.#onSent?.(bytes)
      if (!mayGoOn) return
    }
  }
}
