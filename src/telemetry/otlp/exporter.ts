import type { SendOutcome } from './export-queue.ts'
import type { OtlpSignal } from './otlp-signal.ts'
import type { OtlpTarget } from './otlp-target.ts'

/** What a collector is told at a time. */
export interface OtlpReport {
  /** An `Export…ServiceRequest` in protobuf; it is only read. */
  readonly bytes: Uint8Array
  /** How many spans, or log records, it has. */
  readonly items: number
}

/** A way to a collector. */
export interface OtlpExporter {
  /** Never rejects. */
  readonly send: (report: OtlpReport) => Promise<SendOutcome>
  readonly close: () => void
}

/** What it takes to open a way. */
export interface ExporterOptions {
  readonly signal: OtlpSignal
  readonly target: OtlpTarget
  /** Told what a collector has to say though it took what it got. */
  readonly onWarning: (message: string) => void
}
