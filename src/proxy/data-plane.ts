/**
 * The data plane of one process: an HBONE listener, the pools behind it, and the snapshot that is in force. Objects,
 * YAML and metric names never enter; what it serves comes as a model, what happened leaves as records and counters.
 */
import { FilterMetrics } from '../filter/env/filter-metrics.ts'
import { createFilterInstances } from '../filter/instances.ts'
import { thrownStack } from '../lib/errors/thrown-text.ts'
import { bothOf } from '../lib/waiting/both-of.ts'
import { createDating } from '../http/date.ts'
import { createRequestIds } from '../http/tracing/request-ids.ts'
import type { Endpoint, EndpointKey } from '../model/endpoint.ts'
import type { Model } from '../model/model.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { ModelApplier } from './apply/model-applier.ts'
import { Comparisons } from './comparison/comparisons.ts'
import type { ComparisonReading } from './comparison/comparison-reading.ts'
import { Counters } from './counters.ts'
import type { DataPlaneOptions } from './data-plane-options.ts'
import { Downstream } from './downstream.ts'
import type { DownstreamDeps } from './downstream.ts'
import { drainServer } from './drain.ts'
import { admitTunnel } from './entry/admit-tunnel.ts'
import { Tunnels } from './entry/tunnels.ts'
import { callService } from './side/call-service.ts'
import type { CallAnswer, CallRequest } from './side/provider-call.ts'
import { createForwardRest } from './side/send-behind.ts'
import { Lending } from './filter-calls/lend-env.ts'
import { Flusher } from './flusher.ts'
import type { ForwardDeps } from './forward/forward-plan.ts'
import { RetryBudgets } from './forward/retry-budget.ts'
import { SpareMemory } from './forward/spare-memory.ts'
import { MeshIdentity } from './hbone/mesh-identity.ts'
import { HboneServer } from './hbone/server.ts'
import { defaultDeadlines, tickMsFor } from './limits/deadlines.ts'
import { startTicking, TICK_FAULT } from './limits/ticks.ts'
import { TurnBudget } from './limits/turn-budget.ts'
import { H2Tunnel } from './inner-h2/h2-tunnel.ts'
import type { H2TunnelDeps } from './inner-h2/h2-tunnel.ts'
import { ByteBudget, defaultBufferBytes } from './limits/byte-budget.ts'
import { formatTight, MemoryGuard, memoryPerProcess, readMemoryRatio } from './overload/memory-guard.ts'
import { OverloadWatch } from './overload/overload-watch.ts'
import { Overload } from './overload/overload.ts'
import type { Sources } from './overload/sources.ts'
import { PlainGroups } from './tcp/plain-groups.ts'
import { externalAuthFilter } from './security/ext-authz/external-auth-filter.ts'
import { LateQuestions } from './security/live/late-questions.ts'
import { LiveReview } from './security/live/live-review.ts'
import { Security } from './security/security.ts'
import { Sessions } from './session/sessions.ts'
import { createSelfCheck } from './upstream/self.ts'
import { Balancer } from './balance/balancer.ts'
import { ServiceLoads } from './balance/limits/service-loads.ts'
import type { LimitReading } from './balance/limits/service-loads.ts'
import type { EndpointReading } from './balance/health/endpoint-reading.ts'
import { formatHealth, formatTurn } from './balance/health/format-health.ts'
import { HBONE_PORT, Pools } from './upstream/pool.ts'
import { Warnings } from './warnings.ts'

/** Below the keep-alive time of common servers' proxies, above that between bursts of requests. */
const SESSION_IDLE_MS = 30_000
/** As ztunnel releases its pool (POOL_UNUSED_RELEASE_TIMEOUT). */
const CONNECTION_IDLE_MS = 300_000
const TICK_MS = 1000
/** How exactly ejections end. */
const HEALTH_TICK_MS = 250
/** Of answers that are to be compared. */
const COMPARED_BYTES = 8 * 1024 * 1024

export class DataPlane {
  readonly counters: Counters
  readonly #options: DataPlaneOptions
  readonly #flusher: Flusher
  readonly #server: HboneServer
  readonly #pools: Pools
  readonly #balancer: Balancer
  readonly #loads: ServiceLoads
  readonly #security: Security
  readonly #live: LiveReview
  readonly #budgets = new RetryBudgets()
  readonly #comparisons: Comparisons
  readonly #mesh: MeshIdentity
  readonly #applier: ModelApplier
  readonly #lending: Lending
  readonly #calling: ForwardDeps
  readonly #tunnels: Tunnels
  readonly #turns: TurnBudget
  readonly #overload: Overload
  readonly #memory: MemoryGuard
  readonly #overloadWatch: OverloadWatch
  readonly #warnings: Warnings
  readonly #errors: Warnings
  /** What is worth a line, and no warning. */
  readonly #news: Warnings
  readonly #stopTicking: () => void
  readonly #unsubscribe: () => void
  #port = 0
  #draining: Promise<void> | undefined
  #isDraining = false

  constructor(options: DataPlaneOptions) {
    const { clock, log, credentials, deadlines = defaultDeadlines } = options
    this.#options = options
    this.#flusher = new Flusher(options.collectYoung)
    this.#warnings = new Warnings(clock, (message) => log.warn(message))
    this.#errors = new Warnings(clock, (message) => log.error(message))
    this.#news = new Warnings(clock, (message) => log.info(message))
    const onFault = (error: unknown, what = 'a connection was given up'): void => this.#onFault(what, error)
    this.counters = options.counters ?? new Counters()
    const { bufferBytes = defaultBufferBytes(), memoryBytes = memoryPerProcess() } = options
    const budget = new ByteBudget(bufferBytes, this.counters, (error) => onFault(error, 'a holder of bytes failed'))
    this.#mesh = new MeshIdentity(options)
    const { guard, enterCreate, isHeld, isolate, modules } = options.filterHost ?? {}
    const link: Lending['link'] = (...filter) => this.#lending.link(...filter)
    this.#applier = new ModelApplier({
      instances: createFilterInstances([...options.filters, externalAuthFilter(() => this.#security.authorizers)], {
        now: clock.nowMs,
        random: Math.random,
        after: clock.after,
        log: (level, message, fields) => log[level](message, fields),
        env: (spec, signal) => this.#lending.lend(spec, signal),
        ...(modules === undefined ? {} : { code: modules.code }),
        ...(guard === undefined ? {} : { guard }),
        ...(enterCreate === undefined ? {} : { enterCreate }),
        ...(isHeld === undefined ? {} : { isHeld }),
        ...(isolate === undefined ? {} : { isolate: (spec, module) => isolate(spec, module, link) }),
      }),
      onModel: ({ filterModules = [] }) => modules?.use(filterModules),
      load: (model) => bothOf(this.#security.load(model), this.#comparisons.load(model)),
      clock,
      sliceMs: options.compileSliceMs,
      onApplied: (snapshot) => {
        const { groups } = snapshot
        this.#security.retain(snapshot)
        this.#live.begin(snapshot)
        this.#pools.retain(groups.values())
        this.#balancer.retain(groups)
        this.#loads.retain(groups)
      },
    })
    this.#live = new LiveReview(() => this.#tunnels.live(), clock)
    this.#overload = new Overload({ ...options.overload, counters: this.counters, memoryBytes })
    const { sources } = this.#overload
    this.#turns = new TurnBudget(clock.monotonicMs, sources, {
      onCrowd: (isCrowded) => (this.#flusher.isCrowded = isCrowded),
      onFault: (error) => this.#onFault('a turn failed', error),
    })
    const turns = this.#turns
    this.#pools = new Pools({
      flusher: this.#flusher,
      budget,
      counters: this.counters,
      clock,
      mesh: this.#mesh,
      deadlines,
      isSelf: createSelfCheck(options.bind, () => this.#port),
      turns,
      connectTimeoutMs: deadlines.connectMs,
      hbonePort: options.upstreamHbonePort ?? HBONE_PORT,
      idleTimeoutMs: SESSION_IDLE_MS,
      connectionIdleTimeoutMs: CONNECTION_IDLE_MS,
      onFault,
      onTurn: (health) => {
        if (health.state === 'healthy') this.#news.warn('returned', formatTurn(health))
        else this.#warnings.warn('ejected', formatTurn(health))
      },
    })
    this.#comparisons = new Comparisons({
      clock,
      random: Math.random,
      memory: new SpareMemory(budget, COMPARED_BYTES),
      onFault: (error) => this.#onFault('answers could not be compared', error),
    })
    this.#balancer = new Balancer(this.#pools, this.#flusher, { clock, random: Math.random })
    this.#loads = new ServiceLoads(this.counters)
    const forwarding = {
      balancer: this.#balancer,
      loads: this.#loads,
      budgets: this.#budgets,
      memory: new SpareMemory(budget),
      random: Math.random,
      clock,
      counters: this.counters,
      comparisons: this.#comparisons,
    }
    this.#calling = forwarding
    const ownIdentity = () => credentials.current().identity
    this.#lending = new Lending({
      ...forwarding,
      forward: (spec, signal) => createForwardRest({ spec, signal, open: new Set() }, () => deps),
      ownIdentity,
      snapshot: () => this.#applier.current,
      metrics: options.filterMetrics ?? new FilterMetrics(),
      egress: options.filterEgress ?? [],
      openSiblings: options.openSiblings,
    })
    this.#security = new Security({
      clock,
      counters: this.counters,
      random: Math.random,
      warn: (kind, message) => this.#warnings.warn(kind, message),
      tell: (kind, message) => this.#news.warn(kind, message),
      fetchText: options.fetchText,
      forwarding,
    })
    const { connections } = this.#security.authorizers
    const questions = new LateQuestions({
      authorizer: connections,
      snapshot: () => this.#applier.current,
      onError: (message, error) => this.#onFault(message, error),
    })
    const deps: DownstreamDeps & H2TunnelDeps = {
      ...forwarding,
      sessions: new Sessions({ balancer: this.#balancer, clock, counters: this.counters }),
      sink: options.sink,
      progress: options.progress ?? (() => {}),
      bodyMemory: new SpareMemory(budget, bufferBytes),
      requestIds: createRequestIds(),
      addDate: createDating(clock.nowMs),
      tracer: options.tracer,
      ownIdentity,
      guards: this.#security.guardsWith(questions),
      questions,
      onError: (message, error, requestId) => this.#onFault(message, error, requestId),
      onMistake: (message, error, requestId) => {
        this.counters.filterErrors++
        this.#tell(message, error, requestId)
      },
      deadlines,
      turns,
      flusher: this.#flusher,
      budget,
      takeLease: () => this.#applier.take(),
      overload: this.#overload,
      isDraining: () => this.#isDraining,
      onWarning: (message) => this.#warnings.warn('HTTP/2 connection', message),
      onClosed: (server: Downstream | H2Tunnel) => this.#tunnels.forget(server),
    }
    this.#tunnels = new Tunnels({
      clock,
      counters: this.counters,
      deadlines,
      http1: (channel, origin) => new Downstream(channel, origin, deps),
      http2: (channel, origin) => new H2Tunnel(channel, origin, deps),
      tcp: {
        ...deps,
        plainGroups: new PlainGroups(),
        connections,
        snapshot: () => this.#applier.current,
        onRefused: (message) => log.debug(message),
      },
    })
    const admitting = {
      snapshot: () => this.#applier.current,
      counters: this.counters,
      overload: this.#overload,
      tunnels: this.#tunnels,
      tracer: options.tracer,
      log,
    }
    this.#server = new HboneServer({
      credentials: credentials.current(),
      trustDomains: options.trustDomains,
      trust: this.#mesh.trust(),
      clock,
      tls: options.tls,
      flusher: this.#flusher,
      budget,
      counters: this.counters,
      clients: sources,
      deadlines,
      onTunnel: (request) => admitTunnel(request, admitting),
      onWarning: (message, kind) => this.#warnings.warn(kind, message),
      onFault,
      ...(options.maxConnections === undefined ? {} : { maxConnections: options.maxConnections }),
    })
    this.#memory = new MemoryGuard(() => readMemoryRatio(memoryBytes))
    this.#overloadWatch = new OverloadWatch({
      overload: this.#overload,
      counters: this.counters,
      memory: this.#memory,
      bufferBytes,
      log,
      closeOf: (load, most) => this.#server.closeOf(load, most),
      collect: options.collectAll,
      fullCollections: options.fullCollections,
    })
    this.#unsubscribe = this.#mesh.follow({ server: this.#server, pools: this.#pools })
    const ticking = { clock, onFault: (error: unknown) => this.#onFault(TICK_FAULT, error) }
    const waiting = { tick: () => (this.counters.waitingRequests = this.#turns.waiting) }
    const shared = [waiting, this.#overloadWatch, this.#mesh, this.#server, this.#pools, this.#budgets, this.#loads]
    const stopTicks = [
      startTicking(ticking, TICK_MS, [...shared, this.#warnings, this.#errors, this.#news]),
      startTicking(ticking, HEALTH_TICK_MS, [this.#pools.health]),
      // Deadlines may be shorter, and there may be very many tunnels.
      startTicking(ticking, tickMsFor(deadlines), [this.#tunnels]),
    ]
    this.#stopTicking = () => stopTicks.forEach((stop) => stop())
  }

  /** The snapshot in force, for the admin API. */
  get snapshot(): Snapshot | undefined {
    return this.#applier.current
  }

  /** Asks a Service something by ourselves, with the pools and the identity that requests have. */
  call(to: EndpointKey, request: CallRequest, timeoutMs: number): Promise<CallAnswer> {
    return callService({ group: this.#applier.current?.groups.get(to), timeoutMs }, request, this.#calling)
  }

  /** How endpoints are doing, for the admin API. */
  readHealth(): readonly EndpointReading[] {
    return this.#pools.readHealth()
  }

  /** How Service ports stand with their limits, for the admin API: those with something under way. */
  readLimits(): readonly LimitReading[] {
    return this.#loads.read()
  }

  /** What comparisons with mirrors have found, for the admin API. */
  readComparisons(): readonly ComparisonReading[] {
    return this.#comparisons.read()
  }

  /** Why an endpoint has fewer requests than others, or none; `undefined` when it has not. */
  explainHealth(endpoint: Endpoint): string | undefined {
    const health = this.#pools.health.peek(endpoint)
    return health === undefined ? undefined : formatHealth(health, this.#options.clock.monotonicMs())
  }

  /** Who is connected, and what each of them has under way. */
  get clients(): Sources {
    return this.#overload.sources
  }

  get isDraining(): boolean {
    return this.#isDraining
  }

  /**
   * Puts a model in force: all requests that begin from then on see it, those under way keep theirs. A large one is made
   * in slices while the old one serves; see `ModelApplier` for when the promise is settled.
   */
  apply(model: Model, generation: number): Promise<Snapshot> {
    const { trustDomains } = model
    if (trustDomains !== undefined) {
      this.#mesh.trustDomains(trustDomains, { server: this.#server, pools: this.#pools })
    }
    return this.#applier.apply(model, generation)
  }

  /** Starts to take tunnels on `port` (15008 in a cluster, 0 for a free one); resolves to the port. */
  async listen(port: number): Promise<number> {
    const { bind, reusePort, log } = this.#options
    const tight = formatTight(this.#memory.settle())
    if (tight !== undefined) log.warn(tight)
    this.#port = await this.#server.listen({ host: bind, port, reusePort })
    return this.#port
  }

  /**
   * Ends in good order: resolves when every tunnel has ended, or at the deadline, when the rest is cut. A second call
   * waits for the first.
   */
  drain(deadlineMs: number): Promise<void> {
    this.#draining ??= this.#drain(deadlineMs)
    return this.#draining
  }

  /** Ends at once. */
  close(): void {
    this.#isDraining = true
    this.#stopTicking()
    this.#overloadWatch.close()
    this.#unsubscribe()
    this.#server.destroy()
    this.#pools.destroy()
    this.#security.close()
    this.#lending.close()
  }

  async #drain(deadlineMs: number): Promise<void> {
    this.#isDraining = true
    const { clock, log } = this.#options
    await drainServer({ server: this.#server, tunnels: this.#tunnels, clock, log }, deadlineMs)
  }

  /** A bug of ours, or of a built-in filter; requests may provoke it at any rate. */
  #onFault(message: string, error: unknown, requestId?: string): void {
    this.counters.errorsCaught++
    this.#tell(message, error, requestId)
  }

  #tell(message: string, error: unknown, requestId = ''): void {
    const what = thrownStack(error)
    this.#errors.warn(message, `${message}${requestId === '' ? '' : ` (request ${requestId})`}: ${what}`)
  }
}
