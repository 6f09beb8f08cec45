import type { Clock } from '../../lib/clock.ts'
import { rethrow } from '../../lib/errors/rethrow.ts'

/** What is written in consequence comes on top of it, and others hold the loop in the same turn. */
const SLICE_MS = 1

interface SlicesOptions {
  /** Default 1. */
  readonly sliceMs?: number
  /** A bug that one of them met: the others have their turn all the same. Default: thrown on, which ends the process. */
  readonly onFault?: (error: unknown) => void
}

/**
 * Does something to each of many connections, as many in a turn of the loop as there is time for: what takes a moment for
 * one of them takes a second for ten thousand, which traffic must not wait for.
 */
export class Slices<Item> {
  readonly #each: (item: Item) => void
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #sliceMs: number
  readonly #onFault: (error: unknown) => void
  #queue: Iterator<Item>[] = []
  #isScheduled = false

  constructor(each: (item: Item) => void, clock: Pick<Clock, 'monotonicMs'>, options: SlicesOptions = {}) {
    this.#each = each
    this.#clock = clock
    this.#sliceMs = options.sliceMs ?? SLICE_MS
    this.#onFault = options.onFault ?? rethrow
  }

  /** There are some that nothing was done to yet. */
  get isUnderWay(): boolean {
    return this.#queue.length > 0
  }

  /** From the next turn on, behind those that wait already; read as their turn comes. */
  add(items: Iterable<Item>): void {
    this.#queue.push(items[Symbol.iterator]())
    this.#schedule()
  }

  /** Forgets those that wait. */
  clear(): void {
    this.#queue = []
  }

  readonly #work = (): void => {
    this.#isScheduled = false
    try {
      this.#workUntil(this.#clock.monotonicMs() + this.#sliceMs)
    } catch (error) {
      this.#onFault(error)
    }
    this.#schedule()
  }

  #workUntil(untilMs: number): void {
    for (let items = this.#queue[0]; items !== undefined; items = this.#queue[0]) {
      const next = this.#next(items)
      if (next.done === true) this.#queue.shift()
      else {
        this.#each(next.value)
        if (this.#clock.monotonicMs() >= untilMs) return
      }
    }
  }

  /** A list that fails has no more. */
  #next(items: Iterator<Item>): IteratorResult<Item> {
    try {
      return items.next()
    } catch (error) {
      this.#queue.shift()
      throw error
    }
  }

  #schedule(): void {
    if (this.#isScheduled || !this.isUnderWay) return
    this.#isScheduled = true
    setImmediate(this.#work)
  }
}
