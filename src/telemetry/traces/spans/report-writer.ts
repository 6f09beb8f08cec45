import type { Tags } from './peer-tags.ts'
import { ProtoWriter } from './proto-writer.ts'
import type { SpanReport } from './span-report.ts'
import { encodeResource, SpanWriter } from './span-writer.ts'
import type { TracedExchange } from '../traced-exchange.ts'

/** What is the same in all reports. */
export interface ReportParts {
  /** Attributes of the resource. */
  readonly resource: Tags
  /** Tags of the waypoint itself, which each span has. */
  readonly selfTags: Tags
  readonly version: string
}

/** Of a report, about: one that takes longer to write than a few dozen microseconds would hold somebody up. */
export const REPORT_BYTES = 512 * 1024
/** Beyond, spans of one exchange have made it larger, and it goes out at once. */
const FULL_BYTES = REPORT_BYTES - 16 * 1024
/** Two messages around the spans: a tag and a length each. */
const HEADS_BYTES = 2 * 6
/** Fields of `ExportTraceServiceRequest` and `ResourceSpans`. */
const RESOURCE_SPANS = 1
const SCOPE_SPANS = 2

/**
 * Puts reports of spans together, an `ExportTraceServiceRequest` of OTLP each. Exchanges are written when they are over, so
 * that nothing of them has to be kept: what lives on for a second is what V8 copies twice and then collects dearly.
 */
export class ReportWriter {
  readonly #spans: SpanWriter
  /** What comes before the spans, with its tags and lengths. */
  readonly #resource: Buffer
  readonly #scope: Buffer
  readonly #start: number
  readonly #head = new ProtoWriter(Buffer.allocUnsafeSlow(1024))
  readonly #report: ProtoWriter
  /** Memory of a report that its collector has taken. */
  #spare: Buffer | undefined
  #exchanges = 0
  #spanCount = 0

  constructor({ resource, selfTags, version }: ReportParts) {
    this.#resource = messageOf(1, encodeResource(resource))
    const scope = new ProtoWriter(Buffer.allocUnsafeSlow(256))
    scope.text(1, 'fairway')
    scope.text(2, version)
    this.#scope = messageOf(1, scope.view())
    this.#start = HEADS_BYTES + this.#resource.length + this.#scope.length
    this.#report = new ProtoWriter(Buffer.allocUnsafeSlow(REPORT_BYTES))
    this.#report.reset(this.#start)
    this.#spans = new SpanWriter(selfTags, this.#report)
  }

  get isEmpty(): boolean {
    return this.#exchanges === 0
  }

  get isFull(): boolean {
    return this.#report.length >= FULL_BYTES
  }

  add(exchange: TracedExchange): void {
    this.#spanCount += this.#spans.write(exchange)
    this.#exchanges++
  }

  /** The report of what was added since the last one. */
  take(): SpanReport {
    const report = this.#report
    const spansBytes = report.length - this.#start
    const head = this.#head
    head.reset()
    // From the inside to the outside, since lengths come first.
    const scopeBytes = this.#scope.length + spansBytes
    head.head(SCOPE_SPANS, scopeBytes)
    const scopeHead = head.length
    head.reset()
    head.head(RESOURCE_SPANS, this.#resource.length + scopeHead + scopeBytes)
    head.raw(this.#resource)
    head.head(SCOPE_SPANS, scopeBytes)
    head.raw(this.#scope)
    const from = this.#start - head.length
    report.putBack(head.view(), from)
    const told = { bytes: this.#detach(from), exchanges: this.#exchanges, spans: this.#spanCount }
    this.#exchanges = 0
    this.#spanCount = 0
    return told
  }

  /** Memory of a report that is over: nobody reads it any more. */
  reuse({ bytes: { buffer, byteLength } }: SpanReport): void {
    if (buffer.byteLength === REPORT_BYTES && byteLength >= REPORT_BYTES / 2 && buffer instanceof ArrayBuffer)
      this.#spare ??= Buffer.from(buffer)
  }

  /** What is written: a copy if that is small, else with its memory. */
  #detach(from: number): Buffer {
    const report = this.#report
    const bytes = report.view(from)
    if (bytes.length < REPORT_BYTES / 2) {
      report.reset(this.#start)
      return Buffer.from(bytes)
    }
    report.reset(this.#start, this.#spare ?? Buffer.allocUnsafeSlow(REPORT_BYTES))
    this.#spare = undefined
    return bytes
  }
}

const messageOf = (field: number, message: Uint8Array): Buffer => {
  const writer = new ProtoWriter(Buffer.allocUnsafeSlow(message.length + 16))
  writer.bytes(field, message)
  return writer.copy()
}
