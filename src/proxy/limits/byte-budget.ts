import { totalmem } from 'node:os'
import { rethrow } from '../../lib/errors/rethrow.ts'
import type { Counters } from '../counters.ts'

/** Somebody who holds received bytes that nobody has taken yet. */
export interface Holder {
  /** Kept by the budget: where it stands in its list, -1 when it does not. */
  holderPlace: number
  heldBytes: number
  /** Gives the peer the window that was kept from it. */
  readonly relax: () => void
  /** Ends it, visibly as an error on both sides: what it held is free. */
  readonly shed: () => void
}

/** The limit unless told otherwise: a share of what the container may have, and at most this. */
const MAX_DEFAULT_BYTES = 64 * 1024 * 1024
const SHARE_OF_MEMORY = 8
/** Windows open again when so much is held, so that nothing flickers at the limit. */
const RELAX_RATIO = 0.75
/** What windows that were open already may bring beyond the limit, before holders are ended to make room. */
const HARD_RATIO = 3

/** What a process may hold by default. */
export const defaultBufferBytes = (): number =>
  Math.min(MAX_DEFAULT_BYTES, (process.constrainedMemory() || totalmem()) / SHARE_OF_MEMORY)

/**
 * How many received bytes wait in this process, whoever they are for (engine.md, rule 7). The windows of single streams
 * bound what each may hold; all of them together could be far more than the memory there is. Above the limit those who
 * hold something get their window back in small portions only; far above it those who hold most are ended.
 */
export class ByteBudget {
  readonly #limitBytes: number
  readonly #counters: Counters
  readonly #onFault: (error: unknown) => void
  /** In no order. Thousands come and go while requests wait, and a `Set` would be made anew again and again. */
  readonly #holders: Holder[] = []
  #isShedding = false
  /** More is held than there should be. */
  isOver = false

  /** `onFault` hears of a bug that one holder met, which is not that of whoever gave something back. Default: thrown on. */
  constructor(limitBytes: number, counters: Counters, onFault: (error: unknown) => void = rethrow) {
    this.#limitBytes = limitBytes
    this.#counters = counters
    this.#onFault = onFault
  }

  /** So many bytes were received and are not taken yet. */
  take(bytes: number): void {
    const held = (this.#counters.heldBytes += bytes)
    if (held <= this.#limitBytes) return
    if (!this.isOver) this.#counters.bufferLimitReached++
    this.isOver = true
    if (held <= this.#limitBytes * HARD_RATIO || this.#isShedding) return
    this.#isShedding = true
    // Not here: whoever received them is in the middle of it.
    setImmediate(() => this.#shed())
  }

  /** So many of them are held no more. */
  give(bytes: number): void {
    const held = (this.#counters.heldBytes -= bytes)
    if (!this.isOver || held > this.#limitBytes * RELAX_RATIO) return
    this.isOver = false
    for (const holder of [...this.#holders]) this.#relax(holder)
  }

  /** From now on it may be asked to relax, or be ended. */
  list(holder: Holder): void {
    if (holder.holderPlace >= 0) return
    holder.holderPlace = this.#holders.length
    this.#holders.push(holder)
  }

  unlist(holder: Holder): void {
    const place = holder.holderPlace
    if (place < 0) return
    holder.holderPlace = -1
    const last = this.#holders.pop()
    if (last === undefined || last === holder) return
    last.holderPlace = place
    this.#holders[place] = last
  }

  /** The biggest go first, until no more is held than the limit. */
  #shed(): void {
    this.#isShedding = false
    for (const holder of this.#holders.toSorted((a, b) => b.heldBytes - a.heldBytes)) {
      if (this.#counters.heldBytes <= this.#limitBytes) return
      this.#end(holder)
    }
  }

  /** With a bug it would wait for ever for its window. */
  #relax(holder: Holder): void {
    try {
      holder.relax()
    } catch (error) {
      this.#onFault(error)
      this.#end(holder)
    }
  }

  /** With a bug it would be asked for ever, and others be ended in its place. */
  #end(holder: Holder): void {
    this.#counters.holdersShed++
    try {
      holder.shed()
    } catch (error) {
      this.#onFault(error)
      this.unlist(holder)
      const held = holder.heldBytes
      holder.heldBytes = 0
      this.give(held)
    }
  }
}
