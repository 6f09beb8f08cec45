import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/log.ts'
import type { ExportCounts } from './export-queue.ts'

/** What waits to be told to a collector. */
interface Waiting {
  readonly counts: ExportCounts
  /** Resolves when all of it is over, however it has ended. */
  readonly flush: () => Promise<void>
}

/** The way to one collector. */
export interface Outlet {
  readonly queue: Waiting
  /** Gives up the connection; what waits must have gone before. */
  readonly close: () => void
}

/** How often a failing collector is worth a line. */
const WARN_EVERY_MS = 60_000

/**
 * The ways to the collectors of one signal, by name; `O` is what else is known of each. Counts never fall: those of an
 * outlet that ends are kept.
 */
export class Outlets<O extends Outlet = Outlet> {
  readonly #clock: Clock
  readonly #log: Pick<Logger, 'warn'>
  readonly #open = new Map<string, O>()
  /** Those that have something to tell still, and are no outlets any more. */
  readonly #ending = new Set<Waiting>()
  /** Of outlets that are no more. */
  readonly #past: ExportCounts = { exported: 0, queueFull: 0, failed: 0 }
  #warnedAtMs = -Infinity

  constructor(clock: Clock, log: Pick<Logger, 'warn'>) {
    this.#clock = clock
    this.#log = log
  }

  get(name: string): O | undefined {
    return this.#open.get(name)
  }

  /** All that are open, by name; they may be ended meanwhile. */
  entries(): readonly (readonly [name: string, outlet: O])[] {
    return [...this.#open]
  }

  /** In the place of the one before of the same name. */
  add(name: string, outlet: O): void {
    this.end(name)
    this.#open.set(name, outlet)
  }

  /** What it still has to tell goes out first. */
  end(name: string): void {
    const outlet = this.#open.get(name)
    if (outlet === undefined) return
    this.#open.delete(name)
    this.#ending.add(outlet.queue)
    void this.#finish(outlet)
  }

  /** Something was to be told to a collector that is not there. */
  lose(): void {
    this.#past.failed++
  }

  /** What became of all that was to be told. */
  counts(): ExportCounts {
    const sum = { ...this.#past }
    for (const { queue } of this.#open.values()) addTo(sum, queue.counts)
    for (const queue of this.#ending) addTo(sum, queue.counts)
    return sum
  }

  /** Tells all that there is; who does not answer is given up at the deadline. */
  async flush(deadlineMs: number): Promise<void> {
    const flushes = Promise.all([...this.#open.values()].map(({ queue }) => queue.flush()))
    const late = Promise.withResolvers<void>()
    const cancel = this.#clock.after(deadlineMs, late.resolve)
    await Promise.race([flushes, late.promise])
    cancel()
  }

  close(): void {
    for (const { close } of this.#open.values()) close()
    this.#open.clear()
  }

  /** A line at most each minute, whatever fails. */
  warn(message: string): void {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#warnedAtMs < WARN_EVERY_MS) return
    this.#warnedAtMs = nowMs
    this.#log.warn(message)
  }

  async #finish({ queue, close }: O): Promise<void> {
    await queue.flush()
    this.#ending.delete(queue)
    addTo(this.#past, queue.counts)
    close()
  }
}

const addTo = (sum: ExportCounts, counts: ExportCounts): void => {
  sum.exported += counts.exported
  sum.queueFull += counts.queueFull
  sum.failed += counts.failed
}
