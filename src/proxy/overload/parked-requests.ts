import type { WaitingRequest } from './waiting-request.ts'

/** Of one connection: a few milliseconds of refusals at most. */
const MAX_BATCH = 128

/** Requests that came on one connection, the oldest first. */
interface Batch {
  readonly way: object | undefined
  readonly items: WaitingRequest[]
  next: number
}

/**
 * Requests that may wait for long, together with those of their connection. Whatever is taken out from the old end comes
 * from one connection as long as there is something: so that many refusals leave in one write, the next requests of their
 * clients come in one read, and what belongs to the connection is in the caches of the CPU. From either end the order is
 * about, not exactly, that of their coming.
 */
export class ParkedRequests {
  /** By their oldest. */
  #batches: Batch[] = []
  #next = 0
  /** Those that may still get longer. */
  readonly #open = new Map<object | undefined, Batch>()
  length = 0

  /** The oldest, or one of its connection. */
  get oldest(): WaitingRequest | undefined {
    const batch = this.#batches[this.#next]
    return batch?.items[batch.next]
  }

  /** It is later than all others. */
  push(request: WaitingRequest): void {
    this.length++
    const { way } = request
    const open = this.#open.get(way)
    if (open !== undefined && open.items.length < MAX_BATCH) return void open.items.push(request)
    const batch = { way, items: [request], next: 0 }
    this.#open.set(way, batch)
    this.#batches.push(batch)
  }

  /** Takes out the oldest, and then those of its connection. */
  takeOldest(): WaitingRequest | undefined {
    const batch = this.#batches[this.#next]
    const request = batch?.items[batch.next]
    if (batch === undefined || request === undefined) return undefined
    this.length--
    batch.next++
    // What its client sends next is another batch, behind those that wait already.
    this.#close(batch)
    if (batch.next === batch.items.length) this.#dropFirst()
    return request
  }

  /** Takes out the latest of the connection of which the first came last. */
  takeLatest(): WaitingRequest | undefined {
    const batch = this.#batches.at(-1)
    const request = batch?.items.pop()
    if (batch === undefined || request === undefined) return undefined
    this.length--
    if (batch.next < batch.items.length) return request
    this.#close(batch)
    this.#batches.pop()
    if (this.#batches.length === this.#next) this.#reset()
    return request
  }

  #close(batch: Batch): void {
    if (this.#open.get(batch.way) === batch) this.#open.delete(batch.way)
  }

  #dropFirst(): void {
    this.#next++
    if (this.#batches.length === this.#next) return this.#reset()
    if (this.#next * 2 <= this.#batches.length) return
    this.#batches = this.#batches.slice(this.#next)
    this.#next = 0
  }

  #reset(): void {
    this.#batches = []
    this.#next = 0
  }
}
