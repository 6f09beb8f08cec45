import type { Clock } from '../../lib/clock.ts'

/** What became of a batch. */
export type SendOutcome =
  | { readonly kind: 'sent' }
  /** `isPassing`: the same batch may well be taken in a moment. */
  | { readonly kind: 'failed'; readonly isPassing: boolean; readonly message: string }

export interface ExportQueueOptions<T> {
  readonly clock: Clock
  /** From 0 to 1, for the jitter of waits. */
  readonly random: () => number
  /** Sends a batch; never rejects. */
  readonly send: (batch: readonly T[]) => Promise<SendOutcome>
  /** About how many bytes one keeps in memory; always the same for one. */
  readonly sizeOf: (item: T) => number
  /** Told of what was given up, for people; at any rate. */
  readonly onFailure: (message: string) => void
  /** What may wait, and be on its way, in all; default 8 MiB. */
  readonly maxBytes?: number
  /** Of a batch, so that making it up holds nobody up; default 32. */
  readonly batchItems?: number
  /** What one is counted as; always the same for one. Default 1. */
  readonly countOf?: (item: T) => number
  /** Told of each that the collector has taken. */
  readonly onSent?: (item: T) => void
}

/** How many there were by what became of them. */
export interface ExportCounts {
  exported: number
  /** No room: the collector is too slow, or gone. */
  queueFull: number
  /** The collector did not take them. */
  failed: number
}

const MAX_BYTES = 8 * 1024 * 1024
const BATCH_ITEMS = 32
/** A batch that is not full goes out after so long. */
const DELAY_MS = 1000
/** Beyond, a slow collector has the rest wait. */
const MAX_IN_FLIGHT = 8
const MAX_TRIES = 5
const FIRST_WAIT_MS = 1000
const MAX_WAIT_MS = 8000

/**
 * What is to be told to a collector, waiting for its batch. It is bounded by bytes, and never has anybody wait: what
 * finds no room is dropped and counted. A collector that is away for a moment is tried again, after longer and longer.
 */
export class ExportQueue<T> {
  readonly counts: ExportCounts = { exported: 0, queueFull: 0, failed: 0 }
  readonly #options: ExportQueueOptions<T>
  readonly #maxBytes: number
  readonly #batchItems: number
  readonly #waiting: T[] = []
  #bytes = 0
  #inFlight = 0
  /** Batches that wait to be tried again: the collector is given its rest. */
  readonly #pauses = new Set<() => void>()
  #isScheduled = false
  #cancelTimer: (() => void) | undefined
  #isFlushing = false
  readonly #onEmpty: (() => void)[] = []

  constructor(options: ExportQueueOptions<T>) {
    this.#options = options
    this.#maxBytes = options.maxBytes ?? MAX_BYTES
    this.#batchItems = options.batchItems ?? BATCH_ITEMS
  }

  /** Bytes that wait, or are on their way. */
  get bytes(): number {
    return this.#bytes
  }

  push(item: T): void {
    const size = this.#options.sizeOf(item)
    if (this.#bytes + size > this.#maxBytes) {
      this.counts.queueFull += this.#countOf(item)
      return
    }
    this.#bytes += size
    this.#waiting.push(item)
    if (this.#waiting.length >= this.#batchItems) this.#schedule()
    else this.#cancelTimer ??= this.#options.clock.after(DELAY_MS, () => this.#onTime())
  }

  /** Sends what there is, and waits for nothing: who is not there is not tried again. Resolves when all of it is over. */
  flush(): Promise<void> {
    this.#isFlushing = true
    for (const goOn of this.#pauses) goOn()
    this.#schedule()
    if (this.#isEmpty) return Promise.resolve()
    return new Promise((resolve) => this.#onEmpty.push(resolve))
  }

  get #isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#inFlight === 0
  }

  #onTime(): void {
    this.#cancelTimer = undefined
    this.#send()
  }

  /** In a turn of its own, since a request is waiting for this one. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      if (this.#isFlushing || this.#waiting.length >= this.#batchItems) this.#send()
    })
  }

  #send(): void {
    if (this.#waiting.length === 0 || this.#inFlight >= MAX_IN_FLIGHT || this.#pauses.size > 0) return
    const batch = this.#waiting.splice(0, this.#batchItems)
    if (this.#waiting.length === 0) {
      this.#cancelTimer?.()
      this.#cancelTimer = undefined
    }
    this.#inFlight++
    void this.#deliver(batch)
    if (this.#isFlushing || this.#waiting.length >= this.#batchItems) this.#schedule()
  }

  async #deliver(batch: readonly T[]): Promise<void> {
    const outcome = await this.#try(batch)
    const isSent = outcome.kind === 'sent'
    for (const item of batch) {
      this.#bytes -= this.#options.sizeOf(item)
      this.counts[isSent ? 'exported' : 'failed'] += this.#countOf(item)
      if (isSent) this.#options.onSent?.(item)
    }
    if (!isSent) this.#options.onFailure(outcome.message)
    this.#inFlight--
    if (this.#isEmpty) for (const resolve of this.#onEmpty.splice(0)) resolve()
    else if (this.#waiting.length > 0) {
      if (this.#isFlushing || this.#waiting.length >= this.#batchItems) this.#schedule()
      else this.#cancelTimer ??= this.#options.clock.after(DELAY_MS, () => this.#onTime())
    }
  }

  #countOf(item: T): number {
    return this.#options.countOf?.(item) ?? 1
  }

  async #try(batch: readonly T[]): Promise<SendOutcome> {
    const { send, random } = this.#options
    for (let tries = 1; ; tries++) {
      const outcome = await send(batch)
      if (outcome.kind === 'sent' || !outcome.isPassing || tries === MAX_TRIES || this.#isFlushing) return outcome
      await this.#pause(Math.min(FIRST_WAIT_MS * 2 ** (tries - 1), MAX_WAIT_MS) * (0.8 + 0.4 * random()))
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const goOn = (): void => {
        cancel()
        this.#pauses.delete(goOn)
        resolve()
      }
      const cancel = this.#options.clock.after(ms, goOn)
      this.#pauses.add(goOn)
    })
  }
}
