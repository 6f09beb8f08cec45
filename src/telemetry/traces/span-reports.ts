import type { Clock } from '../../lib/clock.ts'
import { ExportQueue, type ExportCounts, type ExportQueueOptions } from '../otlp/export-queue.ts'
import { REPORT_BYTES, type ReportWriter } from './spans/report-writer.ts'
import type { SpanReport } from './spans/span-report.ts'
import type { TracedExchange } from './traced-exchange.ts'

/** What may wait, and be on its way, in all. */
const MAX_BYTES = 8 * 1024 * 1024
/** What a report takes beside its bytes. */
const REPORT_COST = 256

const costOf = ({ bytes }: SpanReport): number =>
  REPORT_COST + (bytes.length > REPORT_BYTES / 2 ? Math.max(bytes.length, REPORT_BYTES) : bytes.length)

interface ReportsOptions extends Pick<ExportQueueOptions<SpanReport>, 'clock' | 'random' | 'send' | 'onFailure'> {
  /** A report that is not full goes out after so long. */
  readonly delayMs: number
}

/** The spans for one collector: written as exchanges end, sent in reports. What finds no room is dropped and counted. */
export class SpanReports {
  readonly #clock: Clock
  readonly #delayMs: number
  readonly #writer: ReportWriter
  readonly #queue: ExportQueue<SpanReport>
  #cancelTimer: (() => void) | undefined

  constructor(writer: ReportWriter, { delayMs, ...options }: ReportsOptions) {
    this.#clock = options.clock
    this.#delayMs = delayMs
    this.#writer = writer
    this.#queue = new ExportQueue<SpanReport>({
      ...options,
      sizeOf: costOf,
      countOf: ({ exchanges }) => exchanges,
      onSent: (report) => writer.reuse(report),
      maxBytes: MAX_BYTES,
      batchItems: 1,
    })
  }

  /** What became of the exchanges. */
  get counts(): ExportCounts {
    return this.#queue.counts
  }

  add(exchange: TracedExchange): void {
    // With the report that is being written.
    if (this.#queue.bytes + REPORT_COST + REPORT_BYTES > MAX_BYTES) {
      this.#queue.counts.queueFull++
      return
    }
    this.#writer.add(exchange)
    if (this.#writer.isFull) this.#seal()
    else this.#cancelTimer ??= this.#clock.after(this.#delayMs, () => this.#seal())
  }

  /** Sends what there is, and waits for nothing: who is not there is not tried again. Resolves when all of it is over. */
  flush(): Promise<void> {
    this.#seal()
    return this.#queue.flush()
  }

  #seal(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    if (!this.#writer.isEmpty) this.#queue.push(this.#writer.take())
  }
}
