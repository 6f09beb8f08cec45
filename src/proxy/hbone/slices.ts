import type { Clock } from '../../lib/clock.ts'

/** What is written in consequence comes on top of it, and others hold the loop in the same turn. */
const SLICE_MS = 1

/**
 * Does something to each of many connections, as many in a turn of the loop as there is time for: what takes a moment for
 * one of them takes a second for ten thousand, which traffic must not wait for.
 */
export class Slices<Item> {
  readonly #each: (item: Item) => void
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #sliceMs: number
  readonly #items = new Set<Item>()
  #isScheduled = false

  constructor(each: (item: Item) => void, clock: Pick<Clock, 'monotonicMs'>, sliceMs = SLICE_MS) {
    this.#each = each
    this.#clock = clock
    this.#sliceMs = sliceMs
  }

  /** There are some that nothing was done to yet. */
  get isUnderWay(): boolean {
    return this.#items.size > 0
  }

  /** From the next turn on; those that wait already do so once. */
  add(items: Iterable<Item>): void {
    for (const item of items) this.#items.add(item)
    this.#schedule()
  }

  readonly #work = (): void => {
    this.#isScheduled = false
    const untilMs = this.#clock.monotonicMs() + this.#sliceMs
    for (const item of this.#items) {
      this.#items.delete(item)
      this.#each(item)
      if (this.#clock.monotonicMs() >= untilMs) break
    }
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled || !this.isUnderWay) return
    this.#isScheduled = true
    setImmediate(this.#work)
  }
}
