/** A queue of which thousands may wait: taking the first one moves no other up. Its memory shrinks as it empties. */
export class Fifo<Item extends object> {
  #items: Item[] = []
  #next = 0

  /** The one that waits longest. */
  get first(): Item | undefined {
    return this.#items[this.#next]
  }

  push(item: Item): void {
    this.#items.push(item)
  }

  /** Takes the first one out. */
  shift(): Item | undefined {
    const { first } = this
    if (first === undefined) return undefined
    this.#next++
    if (this.#next * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#next)
      this.#next = 0
    }
    return first
  }

  /** All that wait, the first one first. */
  toArray(): readonly Item[] {
    return this.#items.slice(this.#next)
  }
}
