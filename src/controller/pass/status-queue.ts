import type { KubeClient } from '../../kube/client.ts'
import { formatKubeFailure } from '../../kube/failure.ts'
import type { KubeResource } from '../../kube/resources.ts'
import type { Clock } from '../../lib/clock.ts'
import { formatTime } from '../status/conditions.ts'
import { createAttempts } from './attempts.ts'
import { createEchoes } from './echoes.ts'
import type { Write } from './actions/execute.ts'
import type { StatusWork } from './plan-pass.ts'
import { telling, writeStatus } from './write-status.ts'

export interface StatusQueueOptions {
  readonly client: Pick<KubeClient, 'get' | 'update'>
  readonly clock: Clock
  readonly onWrite: (write: Write) => void
  /** Told what could not be written. */
  readonly onFailure: (message: string) => void
  readonly signal: AbortSignal
}

/** How many are written at a time. */
const PARALLEL = 8

/**
 * Writes statuses beside everything else: there may be thousands, and a Gateway must not wait for them. What is to be said
 * is replaced whenever it is known better.
 */
export class StatusQueue {
  readonly #options: StatusQueueOptions
  readonly #attempts
  readonly #echoes
  #pending = new Map<string, StatusWork>()
  readonly #writing = new Map<string, Promise<void>>()
  #resourceOf: (kind: string) => KubeResource | undefined = () => undefined

  constructor(options: StatusQueueOptions) {
    this.#options = options
    this.#attempts = createAttempts<true>(options.clock)
    this.#echoes = createEchoes(options.clock)
  }

  /** Takes all that is to be said at present. */
  take(works: readonly StatusWork[], resourceOf: (kind: string) => KubeResource | undefined): void {
    this.#resourceOf = resourceOf
    this.#pending = new Map(works.map((work) => [work.key, work]))
    this.#start()
  }

  /** In how many milliseconds something is to be said again; `undefined`: nothing is. */
  nextMs(): number | undefined {
    const waits = [this.#attempts.nextMs(), this.#echoes.nextMs()].filter((wait) => wait !== undefined)
    return waits.length === 0 ? undefined : Math.min(...waits)
  }

  /** When nothing is being written any more; begins nothing once `signal` is aborted. */
  async settle(): Promise<void> {
    while (this.#writing.size > 0) await Promise.all(this.#writing.values())
  }

  #start(): void {
    if (this.#options.signal.aborted) return
    for (const [key, work] of this.#pending) {
      if (this.#writing.size >= PARALLEL) return
      // What is being written may be outdated: it is looked at again when it comes back.
      this.#pending.delete(key)
      if (this.#writing.has(key)) continue
      const writing = this.#write(work).finally(() => {
        this.#writing.delete(key)
        this.#start()
      })
      this.#writing.set(key, writing)
    }
  }

  async #write({ key, kind, namespace, name, wanted, told }: StatusWork): Promise<void> {
    const { client, clock, signal, onWrite, onFailure } = this.#options
    const resource = this.#resourceOf(kind)
    const attempt = `${key} ${told}`
    if (resource === undefined || this.#attempts.held(attempt) === true || this.#echoes.isAwaited(key, told)) return
    let hasWritten = false
    const failure = await writeStatus(
      resource,
      {
        known: undefined,
        place: { namespace, name },
        statusOf: telling(kind, wanted, formatTime(clock.nowMs())),
      },
      {
        client,
        signal,
        onWrite: (write) => {
          hasWritten ||= write.failure === undefined
          onWrite(write)
        },
      },
    )
    if (signal.aborted) return
    if (failure === undefined) {
      this.#attempts.succeed(attempt)
      this.#echoes.await(key, told, hasWritten)
    } else {
      this.#attempts.fail(attempt, true)
      onFailure(formatKubeFailure(failure))
    }
  }
}
