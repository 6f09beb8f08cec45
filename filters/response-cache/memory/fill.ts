import type { Entry } from './store.ts'

/** What all bodies that are being put together may take. */
export class Room {
  #left: number

  constructor(bytes: number) {
    this.#left = bytes
  }

  take(bytes: number): boolean {
    if (bytes > this.#left) return false
    this.#left -= bytes
    return true
  }

  give(bytes: number): void {
    this.#left += bytes
  }
}

/** Puts the body of an entry together as it passes, within a bound. */
export class Fill {
  readonly #pieces: Buffer[] = []
  readonly #maxBytes: number
  readonly #announced: number | undefined
  readonly #toEntry: (body: Buffer) => Entry
  readonly #room: Room
  #bytes = 0
  #taken = 0
  #isDropped = false

  /** `announced` is what the head says of its length. */
  constructor(
    {
      maxBytes,
      announced,
      room,
    }: { readonly maxBytes: number; readonly announced: number | undefined; readonly room: Room },
    toEntry: (body: Buffer) => Entry,
  ) {
    this.#maxBytes = maxBytes
    this.#announced = announced
    this.#room = room
    this.#toEntry = toEntry
  }

  /** It is more than is kept, or there was no room for it. */
  get isDropped(): boolean {
    return this.#isDropped
  }

  /** False when it is more than is kept. */
  add(bytes: Uint8Array): boolean {
    if (this.#isDropped) return false
    this.#bytes += bytes.length
    if (this.#bytes > this.#maxBytes || !this.#room.take(bytes.length)) {
      this.drop()
      return false
    }
    this.#taken += bytes.length
    // The memory is somebody else's, and this may be kept for long.
    if (bytes.length > 0) this.#pieces.push(Buffer.from(bytes))
    return true
  }

  /** Lets go of what there is; it may be called again, and when it is finished. */
  drop(): void {
    this.#isDropped = true
    this.#pieces.length = 0
    this.#room.give(this.#taken)
    this.#taken = 0
  }

  /** All of it is there; `undefined` when it is not what was announced. */
  finish(): Entry | undefined {
    if (this.#isDropped || (this.#announced !== undefined && this.#announced !== this.#bytes)) {
      this.drop()
      return undefined
    }
    // One piece of memory of its own, which no other piece keeps alive.
    const body = Buffer.allocUnsafeSlow(this.#bytes)
    let at = 0
    for (const piece of this.#pieces) at += piece.copy(body, at)
    this.drop()
    return this.#toEntry(body)
  }
}
