/**
 * Logs that collectors get by OTLP. What is told waits for its batch, bounded by bytes; it never has a request wait, and
 * what finds no room is dropped and counted. The modules of OpenTelemetry are loaded when there is a collector.
 */
import type { Clock } from '../../../lib/clock.ts'
import type { Logger } from '../../../lib/log.ts'
import { istioText } from '../../../model/telemetry/log/istio-formats.ts'
import type { OtelLogProvider } from '../../../model/telemetry/telemetry-provider.ts'
import type { DecisionFields } from '../../decisions/decision-fields.ts'
import { ExportQueue, type ExportCounts } from '../../otlp/export-queue.ts'
import type { OtlpExporter } from '../../otlp/open-exporter.ts'
import type { CallService, OtlpTarget } from '../../otlp/otlp-target.ts'
import { targetOf } from '../../otlp/target-of.ts'
import type { LogOutput } from '../access-logs.ts'
import { compileAttributes, type LogAttributes } from '../format/compile-attributes.ts'
import { compileText } from '../format/compile-log-format.ts'
import { quoteAll } from '../format/escape.ts'
import type { LogHost } from '../format/operator-facts.ts'
import type { Told } from '../told.ts'
import { entryBytes, type LogEntry } from './log-entry.ts'

/** What it takes beside. */
export interface CollectorLogsOptions {
  readonly clock: Clock
  readonly random: () => number
  readonly log: Pick<Logger, 'warn'>
  readonly version: string
  /** Attributes of the resource, beside the name of the log. */
  readonly resource: LogAttributes
  readonly env: Readonly<Record<string, string | undefined>>
  readonly call: CallService
}

interface Outlet {
  readonly queue: ExportQueue<LogEntry>
  readonly exporter: Promise<OtlpExporter<readonly LogEntry[]>>
}

/** Envoy's, as Istio has it. */
const DEFAULT_NAME = 'otel_envoy_accesslog'
/** How often a failing collector is worth a line. */
const WARN_EVERY_MS = 60_000

export class CollectorLogs {
  readonly #options: CollectorLogsOptions
  readonly #outlets = new Map<string, Outlet>()
  /** Those that have something to tell still, and are no outlets any more. */
  readonly #ending = new Set<ExportQueue<LogEntry>>()
  /** Of outlets that are no more. */
  readonly #past: ExportCounts = { exported: 0, queueFull: 0, failed: 0 }
  #warnedAtMs = -Infinity

  constructor(options: CollectorLogsOptions) {
    this.#options = options
  }

  /** Opens a log of exchanges; in the place of the one before of the same provider. */
  open(provider: OtelLogProvider, host: LogHost): LogOutput {
    const { name, collector, logName = DEFAULT_NAME, format } = provider
    const target = targetOf({ collector, headers: [] }, this.#options.env)
    const queue = this.openQueue(name, target, { log_name: logName, node_name: host.hostname })
    const text = format === undefined ? istioText : format.text
    const body = text === undefined ? undefined : compileText(text, host)
    const attributes = format?.labels === undefined ? undefined : compileAttributes(format.labels, host)
    return {
      tell: (told, decision) =>
        queue.push(entryOf(told, body?.(told), { ...attributes?.(told), ...decisionAttribute(decision) })),
    }
  }

  /** Opens the way to a collector for any records. */
  openQueue(name: string, target: OtlpTarget, resource: LogAttributes): ExportQueue<LogEntry> {
    const before = this.#outlets.get(name)
    if (before !== undefined) void this.#close(name, before)
    const { clock, random } = this.#options
    const exporter = this.#openExporter(target, resource)
    const onFailure = (message: string): void => this.#warn(`records of a log were lost: ${message}`)
    const queue = new ExportQueue<LogEntry>({
      ...{ clock, random, sizeOf: entryBytes, onFailure },
      send: async (batch) => (await exporter).send(batch),
    })
    this.#outlets.set(name, { queue, exporter })
    return queue
  }

  /** What became of the records. */
  counts(): ExportCounts {
    const sum = { ...this.#past }
    for (const { queue } of this.#outlets.values()) add(sum, queue.counts)
    for (const queue of this.#ending) add(sum, queue.counts)
    return sum
  }

  /** Tells all that there is; who does not answer is given up at the deadline. */
  async flush(deadlineMs: number): Promise<void> {
    const late = Promise.withResolvers<void>()
    const cancel = this.#options.clock.after(deadlineMs, late.resolve)
    await Promise.race([Promise.all([...this.#outlets.values()].map(({ queue }) => queue.flush())), late.promise])
    cancel()
  }

  close(): void {
    for (const { exporter } of this.#outlets.values()) void exporter.then(({ close }) => close())
    this.#outlets.clear()
  }

  async #openExporter(target: OtlpTarget, resource: LogAttributes): Promise<OtlpExporter<readonly LogEntry[]>> {
    const { call, version } = this.#options
    try {
      const { openLogExporter } = await import('./log-signal.ts')
      return await openLogExporter({
        ...{ target, call, version },
        resource: { ...this.#options.resource, ...resource },
        onWarning: (message) => this.#warn(message),
      })
    } catch (error) {
      // What cannot be opened loses what it gets, and says so; the rest goes on.
      const message = `the collector cannot be told: ${error instanceof Error ? error.message : String(error)}`
      return { send: () => Promise.resolve({ kind: 'failed', isPassing: false, message }), close: () => {} }
    }
  }

  /** What it still has to tell goes out first. */
  async #close(name: string, { queue, exporter }: Outlet): Promise<void> {
    this.#outlets.delete(name)
    this.#ending.add(queue)
    await queue.flush()
    this.#ending.delete(queue)
    add(this.#past, queue.counts)
    const { close } = await exporter
    close()
  }

  #warn(message: string): void {
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs - this.#warnedAtMs < WARN_EVERY_MS) return
    this.#warnedAtMs = nowMs
    this.#options.log.warn(message)
  }
}

const decisionAttribute = (decision: DecisionFields | undefined): LogAttributes =>
  decision === undefined ? {} : { authorization: quoteAll(decision) }

/** A record of an exchange that is over. */
export const entryOf = ({ record }: Told, body: string | undefined, attributes: LogAttributes): LogEntry => {
  const { trace, startedAtEpochMs, durationMs, status } = record
  return {
    timeMs: startedAtEpochMs,
    observedMs: startedAtEpochMs + durationMs,
    severity: status >= 500 ? 'ERROR' : status >= 400 || record.flags !== '-' ? 'WARN' : 'INFO',
    body,
    attributes,
    traceId: trace?.traceId,
    spanId: trace?.spanId,
    isSampled: trace?.isSampled === true,
  }
}

const add = (sum: ExportCounts, counts: ExportCounts): void => {
  sum.exported += counts.exported
  sum.queueFull += counts.queueFull
  sum.failed += counts.failed
}
