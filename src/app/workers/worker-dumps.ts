import { keepCounters } from '../../telemetry/dump.ts'
import type { MetricsDump } from '../../telemetry/dump.ts'
import type { WorkerHandle } from './worker-process.ts'

const DUMP_TIMEOUT_MS = 5000

/**
 * The metrics of all workers, those that have ended included: no total ever falls. What a worker has counted since it was
 * last asked dies with it if it is killed.
 */
export class WorkerDumps {
  /** What each that lives has said last. */
  readonly #latest = new Map<WorkerHandle, readonly MetricsDump[]>()
  readonly #gone = new WeakSet<WorkerHandle>()
  #departed: MetricsDump | undefined

  /** Asks these; one that does not answer counts with what it has said last. */
  async ask(workers: Iterable<WorkerHandle>): Promise<readonly MetricsDump[]> {
    await Promise.allSettled(
      Array.from(workers, async (worker) => {
        const dumps = await worker.call('dump', undefined, DUMP_TIMEOUT_MS)
        if (!this.#gone.has(worker)) this.#latest.set(worker, dumps)
      }),
    )
    // Of one moment: whoever ended meanwhile is among the departed, and only there.
    return [...[...this.#latest.values()].flat(), ...(this.#departed === undefined ? [] : [this.#departed])]
  }

  /** The worker has ended. */
  forget(worker: WorkerHandle): void {
    this.#gone.add(worker)
    const dumps = this.#latest.get(worker)
    this.#latest.delete(worker)
    if (dumps !== undefined) this.#departed = keepCounters(this.#departed, dumps)
  }
}
