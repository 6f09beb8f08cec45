/** A report of spans on its way to a collector, as OTLP has it. */
export interface SpanReport {
  /** An `ExportTraceServiceRequest`. */
  readonly bytes: Buffer
  readonly exchanges: number
  readonly spans: number
}
