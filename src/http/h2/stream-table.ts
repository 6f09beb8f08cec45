import type { H2Stream } from './stream.ts'

/** A power of two, as every size of the table. */
const MIN_SLOTS = 16
/** 2^32 divided by the golden ratio: spreads numbers that follow each other, and those that somebody has chosen. */
const SPREAD = 0x9e3779b1

/**
 * The open streams of a connection by number. Not a Map: V8 copies a Map's table every few dozen additions and removals,
 * and has each table point to the one that followed. One of them that got old keeps all its successors alive until
 * everything is collected, and with them every stream that they ever held: a third of the time went there with requests
 * by HTTP/2.
 */
export class StreamTable {
  #slots: (H2Stream | undefined)[] = new Array<H2Stream | undefined>(MIN_SLOTS).fill(undefined)
  #shift = 32 - Math.log2(MIN_SLOTS)
  #size = 0

  get size(): number {
    return this.#size
  }

  get(id: number): H2Stream | undefined {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let at = this.#home(id); ; at = (at + 1) & mask) {
      const stream = slots[at]
      if (stream === undefined || stream.id === id) return stream
    }
  }

  /** Adds a stream whose number is not there yet. */
  add(stream: H2Stream): void {
    if (++this.#size > this.#slots.length >> 1) this.#grow()
    this.#put(stream)
  }

  /** False when it was not there. */
  delete(id: number): boolean {
    const slots = this.#slots
    const mask = slots.length - 1
    let hole = this.#home(id)
    for (;;) {
      const stream = slots[hole]
      if (stream === undefined) return false
      if (stream.id === id) break
      hole = (hole + 1) & mask
    }
    this.#size--
    // Whoever stands behind the hole because his own place was taken moves up, so that nobody's search ends there.
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const stream = slots[at]
      if (stream === undefined) break
      const home = this.#home(stream.id)
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      slots[hole] = stream
      hole = at
    }
    slots[hole] = undefined
    return true
  }

  /** All streams in the order of their numbers. */
  values(): H2Stream[] {
    return this.#slots.filter((stream) => stream !== undefined).toSorted((a, b) => a.id - b.id)
  }

  #home(id: number): number {
    return Math.imul(id, SPREAD) >>> this.#shift
  }

  #put(stream: H2Stream): void {
    const slots = this.#slots
    const mask = slots.length - 1
    let at = this.#home(stream.id)
    while (slots[at] !== undefined) at = (at + 1) & mask
    slots[at] = stream
  }

  #grow(): void {
    const before = this.#slots
    this.#slots = new Array<H2Stream | undefined>(before.length * 2).fill(undefined)
    this.#shift--
    for (const stream of before) if (stream !== undefined) this.#put(stream)
  }
}
