import { keepCounters } from '../../telemetry/dump.ts'
import type { Clock } from '../../lib/clock.ts'
import type { DumpPage, MetricsDump } from '../../telemetry/dump.ts'
import type { WorkerHandle } from './worker-process.ts'

/** For all of a worker. */
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
  readonly #clock: Pick<Clock, 'monotonicMs'>

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  /** Asks these; one that does not answer counts with what it has said last. */
  async ask(workers: Iterable<WorkerHandle>): Promise<readonly MetricsDump[]> {
    await Promise.allSettled(
      Array.from(workers, async (worker) => {
        const dumps = await this.#read(worker)
        if (!this.#gone.has(worker)) this.#latest.set(worker, dumps)
      }),
    )
    // Of one moment: whoever ended meanwhile is among the departed, and only there.
    return [...[...this.#latest.values()].flat(), ...(this.#departed === undefined ? [] : [this.#departed])]
  }

  /** All that a worker has counted, part by part: it has requests to serve in between, and so may we. */
  async #read(worker: WorkerHandle): Promise<readonly MetricsDump[]> {
    const { monotonicMs } = this.#clock
    const deadlineMs = monotonicMs() + DUMP_TIMEOUT_MS
    const dumps: MetricsDump[] = []
    for (let from: number | undefined = 0; from !== undefined;) {
      const page: DumpPage = await worker.call('dump', { from }, Math.max(0, deadlineMs - monotonicMs()))
      dumps.push(page.dump)
      from = page.next
    }
    return dumps
  }

  /** The worker has ended. */
  forget(worker: WorkerHandle): void {
    this.#gone.add(worker)
    const dumps = this.#latest.get(worker)
    this.#latest.delete(worker)
    if (dumps !== undefined) this.#departed = keepCounters(this.#departed, dumps)
  }
}
