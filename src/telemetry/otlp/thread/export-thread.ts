import { Worker, type WorkerOptions } from 'node:worker_threads'
import { thrownMessage } from '../../../lib/errors/thrown-text.ts'
import type { SendOutcome } from '../export-queue.ts'
import type { ExporterOptions, OtlpExporter, OtlpReport } from '../exporter.ts'
import type { Failure, FromThread, OpenedWay, OutsideTarget, ToThread } from './messages.ts'

/** What the thread may have of V8's heap: the modules for gRPC are a dozen. */
const HEAP_MB = 64

const THREAD = new URL('./collector-thread.ts', import.meta.url)

interface Way {
  readonly id: number
  readonly to: OpenedWay
  readonly onWarning: ExporterOptions['onWarning']
}

type CreateWorker = (file: URL, options: WorkerOptions) => Worker
type OnAnswer = (failure: Failure | undefined) => void

/**
 * Tells collectors from a thread of its own. Requests do not wait while a report goes out, and clients for HTTP do not make Node's
 * functions for sockets, by which requests come and go, slower for all (docs/decisions/0058). A thread that ends is followed by
 * another one with the next report.
 */
export class ExportThread {
  readonly #createWorker: CreateWorker
  readonly #ways = new Set<Way>()
  #worker: Worker | undefined
  /** The ways that this thread has been told of. */
  readonly #known = new Set<Way>()
  readonly #waiting = new Map<number, OnAnswer>()
  #lastWay = 0
  #lastId = 0

  constructor(createWorker: CreateWorker = (...how) => new Worker(...how)) {
    this.#createWorker = createWorker
  }

  /** Opens a way; rejects when the environment has it wrong. */
  async open({
    signal,
    target,
    onWarning,
  }: ExporterOptions & { readonly target: OutsideTarget }): Promise<OtlpExporter> {
    const way: Way = { id: ++this.#lastWay, to: { signal: signal.name, target }, onWarning }
    this.#ways.add(way)
    const failure = await this.#tell(way)
    if (failure !== undefined) {
      this.#close(way)
      throw new Error(failure.message)
    }
    return { send: (report) => this.#send(way, report), close: () => this.#close(way) }
  }

  async #send(way: Way, { bytes, items }: OtlpReport): Promise<SendOutcome> {
    if (!this.#ways.has(way)) return { kind: 'failed', isPassing: false, message: 'the way to the collector is closed' }
    if (!this.#known.has(way)) void this.#tell(way)
    // The memory may be written again while the report is on its way, or the report be sent again.
    const own = new Uint8Array(bytes)
    const failure = await this.#ask({ kind: 'send', way: way.id, report: { bytes: own, items } }, own.buffer)
    return failure === undefined ? { kind: 'sent' } : { kind: 'failed', ...failure }
  }

  /** Tells the thread of a way. */
  #tell(way: Way): Promise<Failure | undefined> {
    const answer = this.#ask({ kind: 'open', way: way.id, to: way.to })
    this.#known.add(way)
    return answer
  }

  #close(way: Way): void {
    this.#ways.delete(way)
    if (this.#ways.size === 0) return this.#end('it is not needed any more')
    if (this.#known.delete(way)) this.#worker?.postMessage({ kind: 'close', way: way.id } satisfies ToThread)
  }

  #ask(question: Question, ...memory: ArrayBuffer[]): Promise<Failure | undefined> {
    const worker = (this.#worker ??= this.#start())
    const id = ++this.#lastId
    return new Promise((resolve) => {
      // Who waits for an answer keeps the process alive.
      if (this.#waiting.size === 0) worker.ref()
      this.#waiting.set(id, resolve)
      worker.postMessage({ ...question, id } satisfies ToThread, memory)
    })
  }

  #start(): Worker {
    const worker = this.#createWorker(THREAD, {
      name: 'collectors',
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: 1 },
    })
    worker.on('message', (message: FromThread) => this.#take(message))
    worker.on('error', (error) => this.#endOf(worker, thrownMessage(error)))
    worker.on('exit', () => this.#endOf(worker, 'it ended'))
    return worker
  }

  #take(message: FromThread): void {
    if (message.kind === 'warning') {
      for (const { onWarning } of this.#ways) onWarning(message.message)
      return
    }
    const onAnswer = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (this.#waiting.size === 0) this.#worker?.unref()
    onAnswer?.(message.failure)
  }

  #endOf(worker: Worker, why: string): void {
    if (worker === this.#worker) this.#end(why)
  }

  #end(why: string): void {
    const worker = this.#worker
    this.#worker = undefined
    this.#known.clear()
    void worker?.terminate()
    const failure = { isPassing: true, message: `the thread for collectors is gone: ${why}` }
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const onAnswer of waiting) onAnswer(failure)
  }
}

type WithoutId<Message> = Message extends { readonly id: number } ? Omit<Message, 'id'> : never
type Question = WithoutId<ToThread>
