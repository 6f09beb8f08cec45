import { createModelWriter } from '../../config/delta.ts'
import type { QuarantineNotice } from '../../filter/guard/guard.ts'
import type { CredentialSource } from '../../identity/credentials.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/log.ts'
import { packJson } from '../../lib/memory/packed-json.ts'
import { claimPort, holdPort } from '../claim-port.ts'
import type { Blame } from '../watchdog/report.ts'
import { BlameBook } from './blame-book.ts'
import { commandWorker } from './command-worker.ts'
import type { ModelEdits } from './messages.ts'
import type { ModelChange, Plane, PlaneSettings } from '../plane.ts'
import { RestartDelay } from './restart-delay.ts'
import { SiblingHub } from './sibling-hub.ts'
import { WorkerDumps } from './worker-dumps.ts'
import { Refusal, startWorkerProcess } from './worker-process.ts'
import type { StartWorker, WorkerEnding, WorkerHandle } from './worker-process.ts'
import { watchWorkers } from './worker-watch.ts'

/** For whatever is only looked at. */
const LOOK_TIMEOUT_MS = 5000
/** A worker that has not come to an end so long after its own deadline hangs. */
const DRAIN_GRACE_MS = 2000
/** For one that is short of memory. */
const REPLACED_DRAIN_MS = 5000

export interface WorkerPlaneOptions {
  readonly count: number
  readonly settings: PlaneSettings
  readonly credentials: CredentialSource
  readonly clock: Clock
  readonly log: Logger
  /** Default: a process of its own. */
  readonly startWorker?: StartWorker
  /** Default: `Math.random`. */
  readonly random?: () => number
}

/**
 * N processes that each listen for themselves on one port; this process owns what they serve, and replaces one that
 * ends. The kernel spreads new connections; a connection stays with the process that took it.
 */
export class WorkerPlanes implements Plane {
  readonly #options: WorkerPlaneOptions
  /** Those that have everything in force that they should, and those that are being brought there. */
  readonly #serving = new Set<WorkerHandle>()
  readonly #starting = new Set<WorkerHandle>()
  readonly #writers = new WeakMap<WorkerHandle, ReturnType<typeof createModelWriter>>()
  readonly #restartDelay: RestartDelay
  readonly #blames = new BlameBook()
  readonly #siblings = new SiblingHub()
  readonly #dumps: WorkerDumps
  /** Those that a filter is taking down: others take their place at once. */
  readonly #doomed = new Set<WorkerHandle>()
  /** Those whose places are being taken while they serve on. */
  readonly #retiring = new Set<WorkerHandle>()
  /** Lets go of the port that is held for all workers. */
  #letGo = (): void => {}
  readonly #unsubscribe: () => void
  readonly #stopWatching: () => void
  #started: Promise<unknown>
  #settings: PlaneSettings
  #latest: ModelChange | undefined
  #port: number | undefined
  #isClosing = false

  constructor(options: WorkerPlaneOptions) {
    this.#options = options
    this.#settings = options.settings
    this.#dumps = new WorkerDumps(options.clock)
    this.#restartDelay = new RestartDelay(options.random ?? Math.random)
    this.#unsubscribe = options.credentials.subscribe((credentials) => {
      for (const worker of this.#all()) worker.post({ kind: 'credentials', credentials })
    })
    const { clock, log } = options
    this.#stopWatching = watchWorkers({ clock, log, serving: () => this.#serving })
    this.#started = Promise.all(Array.from({ length: options.count }, () => this.#start()))
  }

  /** Rejects when the workers cannot serve it; then they keep what they had. */
  async apply(change: ModelChange): Promise<void> {
    const before = this.#latest
    // Workers that are being started look here before they serve.
    this.#latest = change
    await this.#started
    const asked = [...this.#serving]
    const answered = await Promise.allSettled(
      asked.map((worker) => worker.call('apply', this.#editsFor(worker, change))),
    )
    for (const [index, result] of answered.entries()) {
      if (result.status === 'fulfilled') continue
      if (result.reason instanceof Refusal) {
        this.#latest = before
        throw result.reason
      }
      // One that ended is being replaced already; one that hangs would go on serving what is out of date.
      asked[index]?.kill()
    }
  }

  async listen(port: number): Promise<number> {
    // Who took the place of one that a filter has ended counts as well.
    for (let awaited; awaited !== this.#started; await awaited) awaited = this.#started
    const [first] = this.#serving
    if (first === undefined) throw new Error('no worker could be started')
    if (port !== 0) {
      this.#letGo = await holdPort(this.#settings.bind, port)
      await claimPort(this.#settings.bind, port)
    }
    // The first one finds a free port if none is given; the others share it.
    const found = await first.call('listen', { port })
    this.#port = found
    const others = [...this.#serving].filter((worker) => worker !== first)
    await Promise.all(others.map((worker) => worker.call('listen', { port: found })))
    return found
  }

  dumps(): ReturnType<Plane['dumps']> {
    return this.#dumps.ask([...this.#serving, ...this.#retiring])
  }

  endpoints(): ReturnType<Plane['endpoints']> {
    return this.#askAll((worker) => worker.call('endpoints', undefined, LOOK_TIMEOUT_MS))
  }

  limits(): ReturnType<Plane['limits']> {
    return this.#askAll((worker) => worker.call('limits', undefined, LOOK_TIMEOUT_MS))
  }

  comparisons(): ReturnType<Plane['comparisons']> {
    return this.#askAll((worker) => worker.call('comparisons', undefined, LOOK_TIMEOUT_MS))
  }

  command(order: Parameters<Plane['command']>[0]): ReturnType<Plane['command']> {
    return this.#askAll((worker) => commandWorker(worker, order, LOOK_TIMEOUT_MS))
  }

  filters(): ReturnType<Plane['filters']> {
    return this.#askAll((worker) => worker.call('filters', undefined, LOOK_TIMEOUT_MS))
  }

  hold(notices: readonly QuarantineNotice[]): void {
    if (notices.length === 0) return
    for (const worker of this.#all()) worker.post({ kind: 'quarantines', notices })
  }

  async explain(query: Parameters<Plane['explain']>[0]): ReturnType<Plane['explain']> {
    const [first] = this.#serving
    if (first === undefined) throw new Error('no worker is running')
    return first.call('explain', query)
  }

  setLogLevel(level: PlaneSettings['logLevel']): void {
    this.#settings = { ...this.#settings, logLevel: level }
    for (const worker of this.#all()) worker.post({ kind: 'log-level', level })
  }

  async drain(deadlineMs: number): Promise<void> {
    this.#isClosing = true
    this.#stopWatching()
    // Whoever comes next may listen as soon as our workers do not.
    this.#letGo()
    for (const worker of this.#starting) worker.kill()
    const timeoutMs = deadlineMs + DRAIN_GRACE_MS
    await Promise.allSettled([...this.#serving].map((worker) => worker.call('drain', { deadlineMs }, timeoutMs)))
  }

  close(): void {
    this.#isClosing = true
    this.#stopWatching()
    this.#letGo()
    this.#unsubscribe()
    for (const worker of this.#all()) worker.kill()
  }

  trouble(): string | undefined {
    const { count } = this.#options
    return this.#serving.size < count ? `${this.#serving.size} of ${count} workers are running` : undefined
  }

  /** What a worker does not know yet: to read thousands of routes would hold up its requests. */
  #editsFor(worker: WorkerHandle, { model, ...change }: ModelChange): ModelEdits {
    const write = this.#writers.get(worker) ?? createModelWriter()
    this.#writers.set(worker, write)
    return { ...change, delta: packJson(write(model)) }
  }

  /** What each has to tell. A worker that is being replaced is missing from one answer; the others are not. */
  async #askAll<Told>(ask: (worker: WorkerHandle) => Promise<readonly Told[]>): Promise<readonly Told[]> {
    const answered = await Promise.allSettled([...this.#serving].map(ask))
    return answered.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
  }

  #all(): readonly WorkerHandle[] {
    return [...new Set([...this.#serving, ...this.#starting, ...this.#retiring])]
  }

  async #start(): Promise<void> {
    if (this.#isClosing) return
    const { log, credentials, clock, startWorker = startWorkerProcess } = this.#options
    const startedMs = clock.monotonicMs()
    const worker = startWorker(clock, {
      onExit: (how) => this.#onExit(worker, { how, startedMs }),
      onBlame: (blame) => this.#onBlame(worker, blame),
      onSibling: (message) => this.#siblings.receive(worker, message),
    })
    this.#starting.add(worker)
    const source = credentials.status().kind
    worker.post({ kind: 'start', settings: this.#settings, credentials: credentials.current(), source })
    const notices = this.#blames.inForce(clock.nowMs())
    if (notices.length > 0) worker.post({ kind: 'quarantines', notices })
    try {
      await this.#bringUpToDate(worker)
    } catch (error) {
      log.error(`worker ${worker.pid} could not be started`, { error })
      return worker.kill()
    }
    if (this.#starting.delete(worker)) this.#serving.add(worker)
  }

  /** What it lacks may change while it gets it; when this returns it lacks nothing. */
  async #bringUpToDate(worker: WorkerHandle): Promise<void> {
    let served: ModelChange | undefined
    let isListening = false
    for (;;) {
      const change = this.#latest
      const port = this.#port
      if (change !== undefined && change !== served) {
        await worker.call('apply', this.#editsFor(worker, change))
        served = change
      } else if (port !== undefined && !isListening) {
        await worker.call('listen', { port })
        isListening = true
      } else return
    }
  }

  #onExit(worker: WorkerHandle, { how, startedMs }: { readonly how: WorkerEnding; readonly startedMs: number }): void {
    this.#serving.delete(worker)
    this.#starting.delete(worker)
    this.#siblings.forget(worker)
    this.#dumps.forget(worker)
    if (this.#retiring.delete(worker) || this.#isClosing) return
    const { log, clock } = this.#options
    if (this.#doomed.delete(worker)) {
      log.error(`worker ${worker.pid} was ended by a filter, another one takes its place`, { ...how })
      const next = this.#start()
      if (this.#port === undefined) this.#started = Promise.all([this.#started, next])
      return
    }
    const delayMs = this.#restartDelay.next(clock.monotonicMs() - startedMs)
    log.error(`worker ${worker.pid} ended unexpectedly, another one takes its place in ${delayMs} ms`, { ...how })
    clock.after(delayMs, () => void this.#start())
  }

  /** A filter that is known, and does it again although it is not called, is met with the patience of any other death. */
  #onBlame(worker: WorkerHandle, blame: Blame): void {
    const { log, clock } = this.#options
    const notices = this.#blames.record(blame, clock.nowMs())
    if (notices.length > 0 && blame.isAlive !== true) this.#doomed.add(worker)
    if (blame.filters.length === 0)
      log.error(`worker ${worker.pid} was ended: ${blame.message}, and no hook of a filter was running`)
    for (const { id, version, failure, untilMs } of notices) {
      const seconds = Math.round((untilMs - clock.nowMs()) / 1000)
      const message = `filter ${id} is quarantined for ${seconds} s: ${failure.kind}: ${failure.message}`
      log.error(message, { filter: id, version, kind: failure.kind, worker: worker.pid })
    }
    this.hold(notices)
    if (blame.isAlive === true && !this.#retiring.has(worker)) void this.#replace(worker)
  }

  /** It still serves, and what has filled its memory is not called any more: the next one comes first. */
  async #replace(worker: WorkerHandle): Promise<void> {
    this.#retiring.add(worker)
    await this.#start()
    this.#serving.delete(worker)
    // One that does not come to an end is ended.
    await worker.call('drain', { deadlineMs: REPLACED_DRAIN_MS }, REPLACED_DRAIN_MS + DRAIN_GRACE_MS).catch(() => {})
    // What it has counted to its very end.
    await this.#dumps.ask([worker])
    worker.kill()
  }
}
