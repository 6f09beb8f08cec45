/**
 * The composition root: the only place that knows every room (`src/app/` holds its parts). Configuration is one loop:
 * for each complete set of objects the configuration thread translates, the data plane compiles and swaps, and the
 * conditions are published.
 */
import { tracingSettings } from './app/tracing-settings.ts'
import { startAdmin } from './admin/admin.ts'
import type { AdminServer } from './admin/admin.ts'
import { checkPorts } from './app/claim-port.ts'
import { createPlane } from './app/create-plane.ts'
import { checkDescriptors, descriptorLimit } from './app/descriptors.ts'
import { openCredentials, type OpeningCredentials } from './app/open-credentials.ts'
import { ofCluster, translateOptionsOf, type WaypointOptions } from './app/options.ts'
import { showCredentials, type ShownCredentials } from './app/show-credentials.ts'
import type { Plane } from './app/plane.ts'
import { errorCode } from './lib/errors/error-code.ts'
import { joinHostPort } from './lib/ip.ts'
import { newsOf } from './config/news.ts'
import { refuseUnreadable } from './config/refuse-unreadable.ts'
import { startConfig } from './config/start-config.ts'
import type { ConfigHandle } from './config/start-config.ts'
import type { ConfigUpdate } from './config/update.ts'
import type { CredentialSource, CredentialStatus } from './identity/credentials.ts'
import { systemClock } from './lib/clock.ts'
import type { Logger } from './lib/log.ts'
import { releaseCompiledCode } from './lib/memory/compiled-code.ts'
import { StartupError } from './lib/startup-error.ts'
import { createNewestOnly } from './lib/waiting/newest-only.ts'
import { conditionsAt } from './model/condition.ts'

/** A waypoint that takes traffic. */
export interface RunningWaypoint {
  /** `ADDRESS:PORT` of each listener. */
  readonly addresses: {
    readonly hbone: string
    readonly ready: string
    readonly metrics: string
    readonly admin: string
  }
  /** Ends in good order, at the latest after the drain time; a second call waits for the first. */
  readonly drain: () => Promise<void>
  /** Ends at once. */
  readonly close: () => Promise<void>
  /** When it has ended, by whatever: the admin API can drain it as well. */
  readonly ended: Promise<void>
}

/**
 * Starts everything or nothing: throws `StartupError` with a code and what to do. A certificate may be long in coming;
 * one that is told to end meanwhile, by `stop` or over the admin API, is `undefined`.
 */
export const startWaypoint = async (
  options: WaypointOptions,
  log: Logger,
  stop?: AbortSignal,
): Promise<RunningWaypoint | undefined> => {
  const waypoint = new Waypoint(options, log)
  stop?.addEventListener('abort', () => void waypoint.close())
  try {
    await waypoint.start()
  } catch (error) {
    if (!waypoint.isClosed) {
      await waypoint.close()
      throw error
    }
  }
  if (!waypoint.isClosed) return waypoint
  // Whatever came to be after that.
  await waypoint.close()
  return undefined
}

class Waypoint implements RunningWaypoint {
  addresses = { hbone: '', ready: '', metrics: '', admin: '' }
  readonly #options: WaypointOptions
  readonly #log: Logger
  #config: ConfigHandle | undefined
  #opening: OpeningCredentials | undefined
  #credentials: CredentialSource | undefined
  readonly #credentialed = Promise.withResolvers<CredentialSource>()
  /** What keeps the source of objects from knowing more. */
  #troubles: readonly string[] = []
  #plane: Plane | undefined
  #admin: AdminServer | undefined
  #latest: ConfigUpdate | undefined
  /** Opens when the first configuration is in force: of those that come meanwhile the newest is next. */
  readonly #first = Promise.withResolvers<void>()
  readonly #onUpdate = createNewestOnly<ConfigUpdate>((update) => this.#tryApply(update), this.#first.promise)
  #hasStarted = false
  #draining: Promise<void> | undefined
  readonly #end = Promise.withResolvers<void>()
  readonly ended = this.#end.promise
  isClosed = false

  constructor(options: WaypointOptions, log: Logger) {
    this.#options = options
    this.#log = log
  }

  async start(): Promise<void> {
    releaseCompiledCode()
    const {
      bind,
      ports,
      workers,
      accessLog,
      flowLog,
      authzLog,
      logLevel,
      tlsGroups,
      deadlines,
      overload,
      filterEgress,
    } = this.#options
    checkDescriptors(descriptorLimit(), this.#log)
    await checkPorts([
      { role: 'admin', host: '127.0.0.1', port: ports.admin },
      { role: 'metrics', host: bind, port: ports.metrics },
      { role: 'ready', host: bind, port: ports.ready },
      { role: 'hbone', host: bind, port: ports.hbone },
    ])
    const { ca, place } = this.#options
    const trusted = () => this.#latest?.model.trustDomains ?? this.#options.trustDomains
    const status = () => this.#opening?.status() ?? nothingAsked(ca.kind)
    const shown = showCredentials(
      { ca, trustDomains: trusted },
      { ready: this.#credentialed.promise, status },
      systemClock,
    )
    // Before there is a configuration or a certificate: whoever waits for it should be told why.
    this.#admin = await this.#startAdmin(shown)
    if (place.kind === 'kube') this.#log.info('waiting for Kubernetes', { ...this.#admin.addresses })
    const first = await this.#startConfig()
    const { trustDomains = this.#options.trustDomains } = first.model
    const meshed = { ...this.#options, trustDomains }
    this.#opening = openCredentials(meshed, first.model, { clock: systemClock, log: this.#log })
    const credentials = await this.#awaitCredentials(this.#opening, this.#admin)
    this.#credentials = credentials
    this.#credentialed.resolve(credentials)
    const hasFilters = this.#options.filtersDir !== undefined
    // One takes over from another, and both listen for a moment.
    const reusePort = workers > 1 || hasFilters
    const limits = { deadlines, overload, workers }
    const settings = {
      bind,
      reusePort,
      trustDomains,
      tlsGroups,
      accessLog,
      flowLog,
      authzLog,
      tracing: tracingSettings(this.#options),
      logLevel,
      filterEgress,
      ...limits,
    }
    this.#plane = await createPlane(settings, { workers, hasFilters, credentials, log: this.#log })
    await this.#apply(first)
    this.#first.resolve()
    const port = await this.#listen(this.#plane, ports.hbone)
    this.addresses = { hbone: joinHostPort(bind, port), ...this.#admin.addresses }
    this.#hasStarted = true
  }

  /** Says what it waits for when that is not at hand. */
  async #awaitCredentials(
    { ready, status }: OpeningCredentials,
    { addresses }: AdminServer,
  ): Promise<CredentialSource> {
    const forget = systemClock.after(PATIENCE_MS, () => {
      const { waitingFor } = status()
      if (waitingFor !== undefined) this.#log.info(`waiting for ${waitingFor}`, { ...addresses })
    })
    try {
      return await ready
    } finally {
      forget()
    }
  }

  drain(): Promise<void> {
    this.#draining ??= this.#drain()
    return this.#draining
  }

  async close(): Promise<void> {
    this.isClosed = true
    this.#plane?.close()
    this.#opening?.close()
    await this.#admin?.close()
    await this.#config?.close()
    this.#end.resolve()
  }

  async #drain(): Promise<void> {
    this.#log.info('draining', { seconds: this.#options.drainMs / 1000 })
    await this.#plane?.drain(this.#options.drainMs)
    await this.close()
  }

  async #startConfig(): Promise<ConfigUpdate> {
    this.#config = startConfig({
      place: this.#options.place,
      translate: { ...translateOptionsOf(this.#options), ...(this.#options.place.kind === 'kube' ? ofCluster : {}) },
      mesh: this.#options.mesh,
      filtersDir: this.#options.filtersDir,
      filterIsolation: this.#options.filterIsolation,
      onUpdate: (update) => this.#onUpdate(update),
      onFailure: (message) => this.#log.error(message),
      onTroubles: (troubles) => this.#onTroubles(troubles),
    })
    const first = await this.#config.ready
    // Later the last good version stays in force; now there is none.
    refuseUnreadable(first.issues)
    return first
  }

  #onTroubles(troubles: readonly string[]): void {
    for (const trouble of troubles) {
      if (!this.#troubles.includes(trouble)) this.#log.warn(`Kubernetes: ${trouble}`, { event: 'kubernetes' })
    }
    if (troubles.length === 0) this.#log.info('Kubernetes: all is well again', { event: 'kubernetes' })
    this.#troubles = troubles
  }

  async #tryApply(update: ConfigUpdate): Promise<void> {
    try {
      await this.#apply(update)
    } catch (error) {
      this.#log.error('a configuration could not be applied, the last good one stays', { error })
    }
  }

  async #apply(update: ConfigUpdate): Promise<void> {
    const before = this.#latest
    const { model, generation, issues, objects } = update
    await this.#plane?.apply({ model, generation, issues: issues.length })
    this.#latest = update
    for (const { level, message, fields } of newsOf(update, before, systemClock.nowMs()))
      this.#log[level](message, fields)
    this.#log.info('configuration in force', { generation, objects, issues: issues.length })
  }

  async #listen(plane: Plane, port: number): Promise<number> {
    try {
      return await plane.listen(port)
    } catch (error) {
      const code = errorCode(error) ?? ''
      const why =
        code === 'EADDRINUSE'
          ? 'another program has the port (another fairway?): end it, or choose a port with --hbone-port (0 picks a free one)'
          : error instanceof Error
            ? error.message
            : String(error)
      throw new StartupError('ELISTEN', `cannot listen on ${this.#options.bind} port ${port} (hbone): ${why}`, error)
    }
  }

  #startAdmin(shown: ShownCredentials): Promise<AdminServer> {
    const { bind, ports, logLevel } = this.#options
    let level = logLevel
    return startAdmin({
      bind,
      ports,
      deps: {
        notReady: () => this.#notReady(),
        dumps: async () => [...((await this.#plane?.dumps()) ?? []), shown.dump()],
        certs: shown.document,
        endpoints: async () => (await this.#plane?.endpoints()) ?? [],
        comparisons: async () => (await this.#plane?.comparisons()) ?? [],
        command: async (order) => (await this.#plane?.command(order)) ?? [],
        limits: async () => (await this.#plane?.limits()) ?? [],
        filters: async () => (await this.#plane?.filters()) ?? [],
        config: async () => ({
          generation: this.#latest?.generation ?? 0,
          model: this.#latest?.model,
          conditions: conditionsAt(this.#latest?.conditions ?? [], systemClock.nowMs()),
          issues: this.#latest?.issues ?? [],
        }),
        statuses: async () => {
          const { statusesInForce } = await import('./app/statuses-in-force.ts')
          return statusesInForce(this.#latest, systemClock.nowMs(), (await this.#plane?.filters()) ?? [])
        },
        explain: (query) => {
          if (this.#plane === undefined) throw new Error('the data plane is not running')
          return this.#plane.explain(query)
        },
        logLevel: () => level,
        setLogLevel: (next) => {
          level = next
          this.#log.setLevel(next)
          this.#plane?.setLogLevel(next)
        },
        drain: () => void this.drain(),
      },
    })
  }

  #notReady(): string | undefined {
    if (this.#draining !== undefined) return 'draining'
    const status = this.#opening?.status()
    if (!this.#hasStarted) {
      if (status?.waitingFor !== undefined) return explainWaiting(status)
      if (this.#options.place.kind !== 'kube' || this.#opening !== undefined) return 'starting'
      return ['waiting for Kubernetes', ...this.#troubles].join(': ')
    }
    const expiresMs = this.#credentials?.current().notAfterMs ?? 0
    if (expiresMs <= systemClock.nowMs()) return `the certificate has expired${lastFailureOf(status)}`
    return this.#plane?.trouble()
  }
}

/** For the first certificate to come without a word about it. */
const PATIENCE_MS = 300

const nothingAsked = (kind: CredentialStatus['kind']): CredentialStatus => ({ kind, rotations: 0, failures: 0 })

const explainWaiting = (status: CredentialStatus): string => `waiting for ${status.waitingFor}${lastFailureOf(status)}`

const lastFailureOf = (status: CredentialStatus | undefined): string =>
  status?.lastFailure === undefined ? '' : `: ${status.lastFailure.message}`
