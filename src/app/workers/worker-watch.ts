import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/log.ts'
import { startTicking, TICK_FAULT } from '../../proxy/limits/ticks.ts'
import { Refusal, type WorkerHandle } from './worker-process.ts'

/** How often each is asked. */
const EVERY_MS = 10_000
/** Longer than anything that holds up a worker which is well. */
const SILENT_MS = 15_000
/** For the second question: where the whole machine was stopped, time has passed for all, and nobody has had any. */
const AGAIN_MS = 5000

interface WatchOptions {
  readonly clock: Clock
  readonly log: Pick<Logger, 'error'>
  /** Those that should answer now. */
  readonly serving: () => Iterable<WorkerHandle>
}

/**
 * Ends workers that answer nothing any more, so that others take their places: the kernel gives them connections as long as they are
 * there. Who holds up his loop with a filter is found sooner, by his own watchdog. The result ends it.
 */
export const watchWorkers = ({ clock, log, serving }: WatchOptions): (() => void) => {
  const asked = new WeakSet<WorkerHandle>()
  const look = async (worker: WorkerHandle): Promise<void> => {
    if (asked.has(worker)) return
    asked.add(worker)
    const isWell = (await answers(worker, SILENT_MS)) || (await answers(worker, AGAIN_MS))
    asked.delete(worker)
    if (isWell || ![...serving()].includes(worker)) return
    log.error(`worker ${worker.pid} has not answered for ${(SILENT_MS + AGAIN_MS) / 1000} s, and is ended`)
    worker.kill()
  }
  const lookAtAll = (): void => {
    for (const worker of serving()) void look(worker)
  }
  const onFault = (error: unknown): void => log.error(TICK_FAULT, { error })
  return startTicking({ clock, onFault }, EVERY_MS, [{ tick: lookAtAll }])
}

/** Whatever it says: one that refuses is well. */
const answers = async (worker: WorkerHandle, timeoutMs: number): Promise<boolean> => {
  try {
    await worker.call('limits', undefined, timeoutMs)
    return true
  } catch (error) {
    return error instanceof Refusal
  }
}
