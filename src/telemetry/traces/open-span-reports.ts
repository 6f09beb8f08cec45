/** Spans by OTLP; loaded when there are any to be told of. */
import type { Clock } from '../../lib/clock.ts'
import type { Exporters } from '../otlp/exporters.ts'
import { otlpSignals } from '../otlp/otlp-signal.ts'
import type { OtlpTarget } from '../otlp/otlp-target.ts'
import { ReportWriter, type ReportParts } from './spans/report-writer.ts'
import { SpanReports } from './span-reports.ts'

/** What it takes beside. */
interface ReportDeps {
  readonly clock: Clock
  /** From 0 to 1, for the jitter of waits. */
  readonly random: () => number
  readonly exporters: Exporters
  /** A report that is not full goes out after so long. */
  readonly delayMs: number
  /** What a collector has to say though it took what it got. */
  readonly onWarning: (message: string) => void
}

/** Opens the way to a collector for exchanges that are over. */
export const openSpanReports = async (
  target: OtlpTarget,
  parts: ReportParts,
  { clock, random, exporters, delayMs, onWarning }: ReportDeps,
): Promise<{ readonly queue: SpanReports; readonly close: () => void }> => {
  const { send, close } = await exporters.open({ signal: otlpSignals.TRACES, target, onWarning })
  const onFailure = (message: string): void => onWarning(`spans of exchanges were lost: ${message}`)
  return { queue: new SpanReports(new ReportWriter(parts), { clock, random, send, delayMs, onFailure }), close }
}
