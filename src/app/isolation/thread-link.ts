import { Worker } from 'node:worker_threads'
import { BEATS, CALLS, createHookSlots, SLOT } from '../../filter/guard/hook-slots.ts'
import { FilterFault } from '../../filter/guard/failure.ts'
import type { Clock } from '../../lib/clock.ts'
import { errorCode } from '../../lib/errors/error-code.ts'
import { thrownMessage } from '../../lib/errors/thrown-text.ts'
import type { FilterModule, FilterSpec } from '../../model/filter-spec.ts'
import { LOOK_MS, StallWatch } from '../watchdog/stall.ts'
import type { FromThread, ThreadData, ToThread } from './messages.ts'

/** What one thread may have of V8's heap, and outside of it, in buffers. */
const THREAD_HEAP_MB = 64
const THREAD_BUFFER_MB = 64

export interface ThreadLinkOptions {
  readonly spec: FilterSpec
  readonly module: FilterModule
  readonly clock: Clock
  readonly onMessage: (message: Exclude<FromThread, { readonly kind: 'full' }>) => void
  /** The thread is no more, and why; once, and not after `close`. */
  readonly onEnd: (fault: FilterFault) => void
}

const THREAD = new URL('./isolated-thread.ts', import.meta.url)
/** To say goodbye. */
const CLOSE_MS = 1000

/** A thread of an isolated filter from its start to its end; one that hangs while it is waited for is ended. */
export class ThreadLink {
  readonly #options: ThreadLinkOptions
  readonly #worker: Worker
  readonly #cells = createHookSlots().cells
  #watch = new StallWatch()
  readonly #outbox: ToThread[] = []
  #waiting = 0
  #isWatching = false
  #isOver = false

  constructor(options: ThreadLinkOptions) {
    this.#options = options
    const { spec, module } = options
    const data: ThreadData = { spec, module, cells: this.#cells, externalBytes: THREAD_BUFFER_MB * 1024 * 1024 }
    this.#worker = new Worker(THREAD, {
      name: `filter ${spec.user?.id ?? spec.kind}`,
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB, maxYoungGenerationSizeMb: 8 },
    })
    this.#worker.unref()
    this.#worker.on('message', (messages: readonly FromThread[]) => {
      try {
        for (const message of messages) this.#take(message)
      } catch (error) {
        // Its code can write there as well, and may have.
        this.#end(new FilterFault('invalid', `it sent what is no message: ${thrownMessage(error)}`))
      }
    })
    this.#worker.on('error', (error) => this.#end(faultOf(error)))
    this.#worker.on('exit', () => this.#end(new FilterFault('throw', 'it ended its thread')))
  }

  /** Says something; what is said in one turn goes together. */
  post(message: ToThread): void {
    if (isAsked(message)) this.#waiting++
    if (!this.#isWatching && this.#waiting > 0) this.#look()
    if (this.#outbox.push(message) > 1) return
    process.nextTick(() => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      this.#worker.postMessage(this.#outbox.splice(0))
    })
  }

  close(): void {
    if (this.#isOver) return
    this.post({ kind: 'close' })
    this.#isOver = true
    this.#options.clock.after(CLOSE_MS, () => void this.#worker.terminate())
  }

  #take(message: FromThread): void {
    if (message.kind === 'done' || (message.kind === 'failed' && message.id !== undefined)) this.#waiting--
    if (message.kind === 'full')
      this.#end(
        new FilterFault('memory', `it had more than ${THREAD_BUFFER_MB} MB in buffers, and its thread was ended`),
      )
    else if (!this.#isOver) this.#options.onMessage(message)
  }

  /** As long as there is something to wait for. */
  #look(): void {
    this.#isWatching = this.#waiting > 0 && !this.#isOver
    if (!this.#isWatching) return void (this.#watch = new StallWatch())
    const cells = this.#cells
    const reading = { slot: cells[SLOT] ?? 0, calls: cells[CALLS] ?? 0, beats: cells[BEATS] ?? 0 }
    // Before its first beat it is being loaded.
    const { kind } = this.#watch.look(reading, this.#options.clock.monotonicMs())
    const isHung = kind === 'stuck' || (kind === 'silent' && reading.beats > 0)
    if (isHung) this.#end(new FilterFault('loop', 'it did not return, and its thread was ended'))
    else this.#options.clock.after(LOOK_MS, () => this.#look())
  }

  #end(fault: FilterFault): void {
    if (this.#isOver) return
    this.#isOver = true
    void this.#worker.terminate()
    this.#options.onEnd(fault)
  }
}

const isAsked = (message: ToThread): boolean => 'id' in message

const faultOf = (error: unknown): FilterFault =>
  errorCode(error) === 'ERR_WORKER_OUT_OF_MEMORY'
    ? new FilterFault('memory', `it used more than ${THREAD_HEAP_MB} MB of memory, and its thread was ended`)
    : new FilterFault('throw', `its thread failed: ${error instanceof Error ? error.message : String(error)}`)
