/**
 * Tells collectors of exchanges that have a place in a trace, once they are over. It keeps nothing of them but bytes, and
 * never has a request wait: what finds no room is dropped and counted.
 */
import type { ExchangeRecord } from '../../filter/record.ts'
import type { Clock } from '../../lib/clock.ts'
import { thrownMessage } from '../../lib/errors/thrown-text.ts'
import { isEqual } from '../../lib/is-equal.ts'
import type { Logger } from '../../lib/log.ts'
import type { Model } from '../../model/model.ts'
import type { TelemetryPolicy } from '../../model/telemetry/telemetry-policy.ts'
import type { TracingProvider } from '../../model/telemetry/telemetry-provider.ts'
import type { ExportCounts } from '../otlp/export-queue.ts'
import type { CallService, OtlpTarget } from '../otlp/otlp-target.ts'
import { Outlets, type Outlet } from '../otlp/outlets.ts'
import { targetOf } from '../otlp/target-of.ts'
import type { LogHost } from '../log/format/operator-facts.ts'
import type { Told } from '../log/told.ts'
import { createTagger, plainTagger, type SpanTagger } from './custom-tags.ts'
import { isRemarkable } from './outcome.ts'
import type { SpanReports } from './span-reports.ts'
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

/** What the way to a collector is opened with. */
interface Way {
  readonly target: OtlpTarget
  readonly detectsEnvironment: boolean
}

interface TraceOutlet extends Outlet, Way {
  readonly queue: SpanReports
}

/** Stands for the collector of the flags; no provider can have the name. */
const OF_FLAGS = ''

export class TraceExports {
  readonly #options: TraceExportsOptions
  readonly #outlets: Outlets<TraceOutlet>
  readonly #taggers = new WeakMap<TelemetryPolicy, SpanTagger>()

  constructor(options: TraceExportsOptions) {
    this.#options = options
    this.#outlets = new Outlets(options.clock, options.log)
  }

  /** Takes note of an exchange that is over, with its messages as they were at last; on the hot path. */
  record(record: ExchangeRecord, exchange?: Told['exchange']): void {
    const { trace } = record
    if (trace === undefined) return
    if (!trace.isSampled && !(this.#options.settings.defaults.reportsErrors && isRemarkable(record))) return
    const name = record.telemetry?.tracing?.provider ?? OF_FLAGS
    const outlet = this.#outlets.get(name)
    if (outlet === undefined) this.#outlets.lose()
    else {
      const tagger = this.#taggerOf(record.telemetry)
      outlet.queue.add({
        record,
        scheme: exchange?.request.scheme ?? 'http',
        tagger,
        custom: tagger.tagsOf({ record, exchange }),
      })
    }
  }

  /** Opens the ways to those whom a model names, before it is in force; `undefined`: they are open. */
  prepare({ telemetry }: Pick<Model, 'telemetry'>): Promise<void> | undefined {
    const { settings, host } = this.#options
    const wanted = new Map<string, Way>()
    if (settings.collector !== undefined) {
      const { protocol, url } = settings.collector
      wanted.set(OF_FLAGS, { target: { kind: 'environment', protocol, url }, detectsEnvironment: true })
    }
    const named = new Set(telemetry?.policies.map(({ tracing }) => tracing?.provider))
    for (const provider of telemetry?.providers ?? []) {
      if (provider.kind !== 'opentelemetry' || !named.has(provider.name)) continue
      wanted.set(provider.name, wayOf(provider, host.environment))
    }
    for (const [name, outlet] of this.#outlets.entries()) if (!isSame(outlet, wanted.get(name))) this.#outlets.end(name)
    const missing = [...wanted].filter(([name]) => this.#outlets.get(name) === undefined)
    return missing.length === 0 ? undefined : this.#open(missing)
  }

  /** What became of the exchanges that were to be told of. */
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

  async #open(missing: readonly (readonly [string, Way])[]): Promise<void> {
    const { openSpanReports } = await import('./trace-signal.ts')
    const { settings, clock, random, version, call } = this.#options
    const { serviceName, resource: self, tags } = settings.self
    const deps = { clock, random, call, delayMs: settings.reportDelayMs }
    const onWarning = (message: string): void => this.#outlets.warn(message)
    for (const [name, { target, detectsEnvironment }] of missing) {
      const environment = detectsEnvironment ? settings.environmentAttributes : {}
      const resource = { 'service.name': serviceName, ...self, ...environment }
      try {
        const parts = { resource, selfTags: tags, version }
        const { queue, close } = await openSpanReports(target, parts, { ...deps, onWarning })
        this.#outlets.add(name, { target, detectsEnvironment, queue, close })
      } catch (error) {
        // Requests go on, whatever the environment says of certificates.
        onWarning(`there will be no spans: the way to their collector could not be opened: ${thrownMessage(error)}`)
      }
    }
  }

  #taggerOf(policy: TelemetryPolicy | undefined): SpanTagger {
    if (policy?.tracing === undefined) return plainTagger
    const known = this.#taggers.get(policy)
    if (known !== undefined) return known
    const tagger = createTagger(policy.tracing, this.#options.host)
    this.#taggers.set(policy, tagger)
    return tagger
  }
}

const wayOf = (provider: TracingProvider, env: LogHost['environment']): Way => ({
  target: targetOf(provider, env),
  detectsEnvironment: provider.detectsEnvironment,
})

const isSame = (outlet: Way, wanted: Way | undefined): boolean =>
  wanted !== undefined &&
  outlet.detectsEnvironment === wanted.detectsEnvironment &&
  isEqual(outlet.target, wanted.target)
