/**
 * Tells collectors of exchanges that have a place in a trace, once they are over. It keeps the records until there is a
 * batch of them, and never has a request wait: what finds no room is dropped and counted.
 */
import type { ExchangeRecord } from '../../filter/record.ts'
import type { Clock } from '../../lib/clock.ts'
import { thrownMessage } from '../../lib/errors/thrown-text.ts'
import { isEqual } from '../../lib/is-equal.ts'
import type { Logger } from '../../lib/log.ts'
import type { Model } from '../../model/model.ts'
import type { TelemetryPolicy } from '../../model/telemetry/telemetry-policy.ts'
import type { TracingProvider } from '../../model/telemetry/telemetry-provider.ts'
import { ExportQueue, type ExportCounts } from '../otlp/export-queue.ts'
import type { OtlpExporter } from '../otlp/open-exporter.ts'
import type { CallService, OtlpTarget } from '../otlp/otlp-target.ts'
import { targetOf } from '../otlp/target-of.ts'
import type { LogHost } from '../log/format/operator-facts.ts'
import type { Told } from '../log/told.ts'
import { createTagger, plainTagger, type SpanTagger } from './custom-tags.ts'
import type { TracedExchange } from './traced-exchange.ts'
import { isRemarkable } from './outcome.ts'
import type { TracingSettings } from './tracing-settings.ts'

/** What the last reports have, whatever is left of the time to drain. */
const LEAST_FLUSH_MS = 500

/** How long a flush may take when so much of the time to drain is left. */
export const flushTimeMs = (leftMs: number): number => Math.max(LEAST_FLUSH_MS, leftMs)

/** What it takes beside. */
export interface TraceExportsOptions {
  readonly settings: TracingSettings
  readonly clock: Clock
  readonly random: () => number
  readonly log: Pick<Logger, 'warn'>
  readonly version: string
  /** What tags of policies and headers of providers may ask of this process. */
  readonly host: LogHost
  readonly call: CallService
}

/** One collector. */
interface Outlet {
  /** What it was opened with. */
  readonly target: OtlpTarget
  readonly detectsEnvironment: boolean
  readonly queue: ExportQueue<TracedExchange>
  readonly exporter: OtlpExporter<readonly TracedExchange[]>
}

/** Stands for the collector of the flags; no provider can have the name. */
const OF_FLAGS = ''
/** How often a failing collector is worth a line. */
const WARN_EVERY_MS = 60_000
/** What a record takes, beside its texts. */
const RECORD_BYTES = 1024

/** Some milliseconds of work; a report for each few dozen costs more in reports than in spans. */
const BATCH_EXCHANGES = 256

export class TraceExports {
  readonly #options: TraceExportsOptions
  readonly #outlets = new Map<string, Outlet>()
  readonly #taggers = new WeakMap<TelemetryPolicy, SpanTagger>()
  /** Of outlets that are no more. */
  readonly #past: ExportCounts = { exported: 0, queueFull: 0, failed: 0 }
  #warnedAtMs = -Infinity

  constructor(options: TraceExportsOptions) {
    this.#options = options
  }

  /** Takes note of an exchange that is over, with its messages as they were at last; on the hot path. */
  record(record: ExchangeRecord, exchange?: Told['exchange']): void {
    const { trace } = record
    if (trace === undefined) return
    if (!trace.isSampled && !(this.#options.settings.defaults.reportsErrors && isRemarkable(record))) return
    const name = record.telemetry?.tracing?.provider ?? OF_FLAGS
    const outlet = this.#outlets.get(name)
    if (outlet === undefined) this.#past.failed++
    else {
      const tagger = this.#taggerOf(record.telemetry)
      outlet.queue.push({ record, tagger, custom: tagger.tagsOf({ record, exchange }) })
    }
  }

  /** Opens the ways to those whom a model names, before it is in force; `undefined`: they are open. */
  prepare({ telemetry }: Pick<Model, 'telemetry'>): Promise<void> | undefined {
    const { settings, host } = this.#options
    const wanted = new Map<string, Pick<Outlet, 'target' | 'detectsEnvironment'>>()
    if (settings.collector !== undefined) {
      const { protocol, url } = settings.collector
      wanted.set(OF_FLAGS, { target: { kind: 'environment', protocol, url }, detectsEnvironment: true })
    }
    const named = new Set(telemetry?.policies.map(({ tracing }) => tracing?.provider))
    for (const provider of telemetry?.providers ?? []) {
      if (provider.kind !== 'opentelemetry' || !named.has(provider.name)) continue
      wanted.set(provider.name, outletOf(provider, host.environment))
    }
    for (const [name, outlet] of this.#outlets) if (!isSame(outlet, wanted.get(name))) this.#close(name, outlet)
    const missing = [...wanted].filter(([name]) => !this.#outlets.has(name))
    return missing.length === 0 ? undefined : this.#open(missing)
  }

  /** What became of the exchanges that were to be told of. */
  counts(): ExportCounts {
    const sum = { ...this.#past }
    for (const { queue } of this.#outlets.values()) add(sum, queue.counts)
    return sum
  }

  /** Tells all that there is; who does not answer is given up at the deadline. */
  async flush(deadlineMs: number): Promise<void> {
    const flushes = Promise.all([...this.#outlets.values()].map(({ queue }) => queue.flush()))
    const late = Promise.withResolvers<void>()
    const cancel = this.#options.clock.after(deadlineMs, late.resolve)
    await Promise.race([flushes, late.promise])
    cancel()
  }

  close(): void {
    for (const { exporter } of this.#outlets.values()) exporter.close()
    this.#outlets.clear()
  }

  async #open(missing: readonly (readonly [string, Pick<Outlet, 'target' | 'detectsEnvironment'>])[]): Promise<void> {
    const { openTraceExporter } = await import('./trace-signal.ts')
    const { settings, clock, random, version, call } = this.#options
    const { serviceName, resource: self, tags } = settings.self
    const onWarning = (message: string): void => this.#warn(message)
    for (const [name, { target, detectsEnvironment }] of missing) {
      const environment = detectsEnvironment ? settings.environmentAttributes : {}
      const resource = { 'service.name': serviceName, ...self, ...environment }
      try {
        const exporter = await openTraceExporter(target, { resource, selfTags: tags, version }, { call, onWarning })
        const onFailure = (message: string): void => onWarning(`spans of exchanges were lost: ${message}`)
        const queue = new ExportQueue<TracedExchange>({
          ...{ clock, random, send: exporter.send, sizeOf, onFailure },
          batchItems: BATCH_EXCHANGES,
        })
        this.#outlets.set(name, { target, detectsEnvironment, queue, exporter })
      } catch (error) {
        // Requests go on, whatever the environment says of certificates.
        onWarning(`there will be no spans: the way to their collector could not be opened: ${thrownMessage(error)}`)
      }
    }
  }

  /** What it still has to tell goes out first. */
  #close(name: string, { queue, exporter }: Outlet): void {
    this.#outlets.delete(name)
    const end = async (): Promise<void> => {
      await queue.flush()
      add(this.#past, queue.counts)
      exporter.close()
    }
    void end()
  }

  #taggerOf(policy: TelemetryPolicy | undefined): SpanTagger {
    if (policy?.tracing === undefined) return plainTagger
    const known = this.#taggers.get(policy)
    if (known !== undefined) return known
    const tagger = createTagger(policy.tracing, this.#options.host)
    this.#taggers.set(policy, tagger)
    return tagger
  }

  #warn(message: string): void {
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs - this.#warnedAtMs < WARN_EVERY_MS) return
    this.#warnedAtMs = nowMs
    this.#options.log.warn(message)
  }
}

const outletOf = (
  provider: TracingProvider,
  env: LogHost['environment'],
): Pick<Outlet, 'target' | 'detectsEnvironment'> => ({
  target: targetOf(provider, env),
  detectsEnvironment: provider.detectsEnvironment,
})

const isSame = (outlet: Outlet, wanted: Pick<Outlet, 'target' | 'detectsEnvironment'> | undefined): boolean =>
  wanted !== undefined &&
  outlet.detectsEnvironment === wanted.detectsEnvironment &&
  isEqual(outlet.target, wanted.target)

const sizeOf = ({ record: { path, userAgent = '', authority } }: TracedExchange): number =>
  RECORD_BYTES + path.length + userAgent.length + authority.length

const add = (sum: ExportCounts, counts: ExportCounts): void => {
  sum.exported += counts.exported
  sum.queueFull += counts.queueFull
  sum.failed += counts.failed
}
