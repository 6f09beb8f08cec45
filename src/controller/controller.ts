/**
 * Makes Gateways real for as long as it runs: looks at what is there, does what is missing, and says what became of
 * everything; again whenever something changes. It runs where it leads, and writes nothing after `close`.
 */
import { PassRunner, type PassOptions, type PassOutcome } from './pass/run-pass.ts'
import { startClusterWatch, type ClusterWatch } from './watch/cluster-watch.ts'
import { startConfigMapWatch, type ConfigMapWatch } from './watch/config-map-watch.ts'

/** What it works with: a client, and what waypoints are made with. */
export type ControllerOptions = Omit<PassOptions, 'configMaps' | 'signal'>

/** What is known of a running controller, for metrics. */
export interface ControllerReading extends PassOutcome {
  /** Looks at everything since the start. */
  readonly passes: number
  /** How long the last one took. */
  readonly lastPassMs: number
  /** What cannot be seen at the moment. */
  readonly troubles: readonly string[]
}

export interface RunningController {
  readonly read: () => ControllerReading
  /** Ends; whatever is being written is broken off. */
  readonly close: () => Promise<void>
}

/** Changes come in storms: so long they are gathered. */
const GATHER_MS = 100
/** However long a look takes, the next one is not put off for longer. */
const MAX_PAUSE_MS = 5000

/** Starts at once. */
export const startController = (options: ControllerOptions): RunningController => new Controller(options)

class Controller implements RunningController {
  readonly #options: ControllerOptions
  readonly #end = new AbortController()
  readonly #watch: ClusterWatch
  readonly #configMaps: ConfigMapWatch
  readonly #runner: PassRunner
  #pending: { readonly dueMs: number; readonly cancel: () => void } | undefined
  #isDirty = false
  #isRunning = false
  #running: Promise<void> = Promise.resolve()
  #reading: Omit<ControllerReading, 'troubles'> = { gateways: 0, programmed: 0, failures: [], passes: 0, lastPassMs: 0 }

  constructor(options: ControllerOptions) {
    const { client, clock, log, systemNamespace } = options
    this.#options = options
    const onChange = (): void => this.#schedule(GATHER_MS)
    this.#watch = startClusterWatch({ client, clock, log, onChange })
    this.#configMaps = startConfigMapWatch({ client, clock, systemNamespace, onChange })
    this.#runner = new PassRunner({ ...options, configMaps: this.#configMaps, signal: this.#end.signal })
  }

  read(): ControllerReading {
    return { ...this.#reading, troubles: this.#watch.troubles() }
  }

  async close(): Promise<void> {
    this.#end.abort()
    this.#pending?.cancel()
    this.#watch.close()
    this.#configMaps.close()
    await this.#running
    await this.#runner.settle()
  }

  #schedule(delayMs: number): void {
    if (this.#end.signal.aborted) return
    if (this.#isRunning) {
      this.#isDirty = true
      return
    }
    const { clock } = this.#options
    const dueMs = clock.monotonicMs() + delayMs
    if (this.#pending !== undefined && this.#pending.dueMs <= dueMs) return
    this.#pending?.cancel()
    const cancel = clock.after(delayMs, () => {
      this.#pending = undefined
      this.#running = this.#run()
    })
    this.#pending = { dueMs, cancel }
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options
    const startedAtMs = clock.monotonicMs()
    this.#isRunning = true
    this.#isDirty = false
    try {
      const view = this.#watch.view()
      if (view !== undefined) this.#reading = { ...this.#reading, ...(await this.#runner.run(view)) }
    } catch (error) {
      log.error('a look at the cluster ended in a fault; the next one begins anew', { error })
    }
    this.#isRunning = false
    const lastPassMs = clock.monotonicMs() - startedAtMs
    this.#reading = { ...this.#reading, passes: this.#reading.passes + 1, lastPassMs }
    // No more than half of the time is for looking, however much changes.
    if (this.#isDirty) return this.#schedule(Math.max(GATHER_MS, Math.min(lastPassMs, MAX_PAUSE_MS)))
    const nextMs = this.#runner.nextMs()
    if (nextMs !== undefined) this.#schedule(Math.max(nextMs, GATHER_MS))
  }
}
