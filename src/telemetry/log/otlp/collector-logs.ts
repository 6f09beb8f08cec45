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
import { Outlets } from '../../otlp/outlets.ts'
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

/** Envoy's, as Istio has it. */
const DEFAULT_NAME = 'otel_envoy_accesslog'

export class CollectorLogs {
  readonly #options: CollectorLogsOptions
  readonly #outlets: Outlets

  constructor(options: CollectorLogsOptions) {
    this.#options = options
    this.#outlets = new Outlets(options.clock, options.log)
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
    const { clock, random } = this.#options
    const exporter = this.#openExporter(target, resource)
    const onFailure = (message: string): void => this.#outlets.warn(`records of a log were lost: ${message}`)
    const queue = new ExportQueue<LogEntry>({
      ...{ clock, random, sizeOf: entryBytes, onFailure },
      send: async (batch) => (await exporter).send(batch),
    })
    this.#outlets.add(name, { queue, close: () => void exporter.then(({ close }) => close()) })
    return queue
  }

  /** What became of the records. */
  counts(): ExportCounts {
    return this.#outlets.counts()
  }

  /** Tells all that there is; who does not answer is given up at the deadline. */
  flush(deadlineMs: number): Promise<void> {
    return this.#outlets.flush(deadlineMs)
  }

  close(): void {
    this.#outlets.close()
  }

  async #openExporter(target: OtlpTarget, resource: LogAttributes): Promise<OtlpExporter<readonly LogEntry[]>> {
    const { call, version } = this.#options
    try {
      const { openLogExporter } = await import('./log-signal.ts')
      return await openLogExporter({
        ...{ target, call, version },
        resource: { ...this.#options.resource, ...resource },
        onWarning: (message) => this.#outlets.warn(message),
      })
    } catch (error) {
      // What cannot be opened loses what it gets, and says so; the rest goes on.
      const message = `the collector cannot be told: ${error instanceof Error ? error.message : String(error)}`
      return { send: () => Promise.resolve({ kind: 'failed', isPassing: false, message }), close: () => {} }
    }
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
