import type { Channel } from '../channel.ts'

/**
 * The bytes of one direction of a connection: each is acknowledged to who sent it when the other side took it, so that
 * the sender's window bounds what is on its way.
 */
export class Flow {
  readonly #from: Channel
  readonly #to: Channel
  #owed = 0
  bytes = 0
  /** All has come that will. */
  isEnded = false
  /** Nobody takes it any more. */
  isDropped = false

  constructor(from: Channel, to: Channel) {
    this.#from = from
    this.#to = to
  }

  pass(buffer: Buffer, start: number, end: number): void {
    const bytes = end - start
    if (this.isDropped) return this.#from.discard(bytes)
    this.bytes += bytes
    if (this.#to.send(buffer, start, end)) this.#from.consume(bytes)
    else this.#owed += bytes
  }

  /** The other side has taken what was queued for it. */
  drain(): void {
    const bytes = this.#owed
    this.#owed = 0
    if (bytes > 0) this.#from.consume(bytes)
  }

  /** Its end follows what is queued. */
  end(): void {
    if (this.isEnded) return
    this.isEnded = true
    if (!this.isDropped) this.#to.end()
  }

  /** The other side is gone: what still comes is thrown away. */
  drop(): void {
    this.isDropped = true
    const bytes = this.#owed
    this.#owed = 0
    if (bytes > 0) this.#from.discard(bytes)
  }

  /** Bytes that the other side does not take at the moment. */
  get queuedBytes(): number {
    return this.isDropped ? 0 : this.#to.queuedBytes
  }

  /** There is nothing left to do. */
  get isOver(): boolean {
    return this.isEnded && this.#owed === 0 && this.queuedBytes === 0
  }
}
