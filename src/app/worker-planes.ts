import type { CredentialSource } from '../identity/credentials.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { ModelChange, Plane, PlaneSettings } from './plane.ts'
import { CALL_TIMEOUT_MS, WorkerProcess } from './worker-process.ts'

const RESTART_DELAY_MS = 500
const DUMP_TIMEOUT_MS = 5000

export interface WorkerPlaneOptions {
  readonly count: number
  readonly settings: PlaneSettings
  readonly credentials: CredentialSource
  readonly clock: Clock
  readonly log: Logger
}

/**
 * N processes that each listen for themselves on one port; this process owns what they serve, and replaces one that
 * ends. The kernel spreads new connections; a connection stays with the process that took it.
 */
export class WorkerPlanes implements Plane {
  readonly #options: WorkerPlaneOptions
  readonly #workers = new Set<WorkerProcess>()
  readonly #unsubscribe: () => void
  readonly #started: Promise<unknown>
  #settings: PlaneSettings
  #latest: ModelChange | undefined
  #port: number | undefined
  #isClosing = false

  constructor(options: WorkerPlaneOptions) {
    this.#options = options
    this.#settings = options.settings
    this.#unsubscribe = options.credentials.subscribe((credentials) => {
      for (const worker of this.#workers) worker.post({ kind: 'credentials', credentials })
    })
    this.#started = Promise.all(Array.from({ length: options.count }, () => this.#start()))
  }

  async apply(change: ModelChange): Promise<void> {
    this.#latest = change
    await this.#started
    await this.#askAll((worker) => worker.call('apply', change))
  }

  async listen(port: number): Promise<number> {
    await this.#started
    const [first, ...others] = this.#workers
    if (first === undefined) throw new Error('no worker could be started')
    // The first one finds a free port if none is given; the others share it.
    const found = await first.call('listen', { port })
    await Promise.all(others.map((worker) => worker.call('listen', { port: found })))
    this.#port = found
    return found
  }

  async dumps(): ReturnType<Plane['dumps']> {
    const asked = [...this.#workers].map((worker) => worker.call('dump', undefined, DUMP_TIMEOUT_MS))
    const answered = await Promise.allSettled(asked)
    // A worker that is being replaced is missing from one scrape; the others are not.
    return answered.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
  }

  async explain(query: Parameters<Plane['explain']>[0]): ReturnType<Plane['explain']> {
    const [first] = this.#workers
    if (first === undefined) throw new Error('no worker is running')
    return first.call('explain', query)
  }

  setLogLevel(level: PlaneSettings['logLevel']): void {
    this.#settings = { ...this.#settings, logLevel: level }
    for (const worker of this.#workers) worker.post({ kind: 'log-level', level })
  }

  async drain(deadlineMs: number): Promise<void> {
    this.#isClosing = true
    const timeoutMs = deadlineMs + CALL_TIMEOUT_MS
    await Promise.allSettled([...this.#workers].map((worker) => worker.call('drain', { deadlineMs }, timeoutMs)))
  }

  close(): void {
    this.#isClosing = true
    this.#unsubscribe()
    for (const worker of this.#workers) worker.kill()
  }

  trouble(): string | undefined {
    const { count } = this.#options
    return this.#workers.size < count ? `${this.#workers.size} of ${count} workers are running` : undefined
  }

  async #askAll(ask: (worker: WorkerProcess) => Promise<unknown>): Promise<void> {
    const answered = await Promise.allSettled([...this.#workers].map(ask))
    for (const result of answered) {
      if (result.status === 'rejected') this.#options.log.error('a worker failed', { error: result.reason })
    }
  }

  async #start(): Promise<void> {
    if (this.#isClosing) return
    const { clock, log, credentials } = this.#options
    const worker = new WorkerProcess(clock, (how) => {
      this.#workers.delete(worker)
      if (this.#isClosing) return
      log.error(`worker ${worker.pid} ended unexpectedly, another one takes its place`, how)
      clock.after(RESTART_DELAY_MS, () => void this.#start())
    })
    try {
      worker.post({ kind: 'start', settings: this.#settings, credentials: credentials.current() })
      const before = this.#latest
      if (before !== undefined) await worker.call('apply', before)
      if (this.#port !== undefined) await worker.call('listen', { port: this.#port })
      this.#workers.add(worker)
      // What came while this one was starting went to the others only.
      const after = this.#latest
      if (after !== undefined && after !== before) await worker.call('apply', after)
    } catch (error) {
      log.error(`worker ${worker.pid} could not be started`, { error })
      worker.kill()
    }
  }
}
