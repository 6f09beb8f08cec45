import { hostname } from 'node:os'
import { builtinFilters } from '../../filters/index.ts'
import { FilterMetrics } from '../filter/env/filter-metrics.ts'
import type { CredentialSource } from '../identity/credentials.ts'
import { systemClock } from '../lib/clock.ts'
import { compileEarly } from '../lib/compiling/compile-early.ts'
import { haveHelpersGiveWay } from '../lib/compiling/give-way.ts'
import { createLogger } from '../lib/log.ts'
import { openErrorLog } from '../lib/waiting/error-log.ts'
import { collectAll } from '../lib/memory/collector.ts'
import { releaseCompiledCode } from '../lib/memory/compiled-code.ts'
import { watchFullCollections } from '../lib/memory/full-collections.ts'
import { createYoungCollector } from '../lib/memory/young-collector.ts'
import { Counters } from '../proxy/counters.ts'
import { DataPlane } from '../proxy/data-plane.ts'
import type { RecordSink } from '../proxy/request/record.ts'
import { Tracer } from '../proxy/tracing/tracer.ts'
import type { OpenSiblings } from '../proxy/filter-calls/lend-env.ts'
import { memoryPerProcess } from '../proxy/overload/memory-guard.ts'
import { dumpPage, type DumpPage } from '../telemetry/dump.ts'
import { createLogHost } from '../telemetry/log/log-host.ts'
import { createTelemetry } from '../telemetry/telemetry.ts'
import { flushTimeMs, TraceExports } from '../telemetry/traces/trace-exports.ts'
import { connectionsWithin, descriptorLimit, watchDescriptors } from './descriptors.ts'
import type { CreatePlaneFilters } from './filters/plane-filters.ts'
import type { PlaneGuards } from './filters/plane-guards.ts'
import { openLogs } from './open-logs.ts'
import type { CallService } from '../telemetry/otlp/otlp-target.ts'
import type { Plane, PlaneSettings } from './plane.ts'
import { version } from '../lib/version.ts'

/** How long the end waits for whoever reads the logs. */
const FLUSH_MS = 2000

/** A data plane, and who is to blame for errors of this process. */
export interface LocalPlane extends Plane {
  /** A part of its metrics, to be told to another process. */
  readonly dumpPage: (from: number) => DumpPage
  readonly blameStray: PlaneGuards['blameStray']
}

/** What a data plane may have beside its settings. */
export interface LocalPlaneParts {
  /** Without it there are no filters of users, and those that a model has are closed. */
  readonly createFilters?: CreatePlaneFilters
  /** How filters reach those of other workers; absent: there are none. */
  readonly openSiblings?: OpenSiblings | undefined
}

/** A data plane in this process, with its telemetry. */
export const createLocalPlane = (
  settings: PlaneSettings,
  credentials: CredentialSource,
  { createFilters, openSiblings }: LocalPlaneParts = {},
): LocalPlane => {
  releaseCompiledCode()
  const clock = systemClock
  const log = createLogger({ write: openErrorLog(), level: settings.logLevel, clock })
  const counters = new Counters()
  const memoryBytes = memoryPerProcess(settings.workers)
  const filters = createFilters?.({ clock, log, counters, memoryBytes })
  const logHost = createLogHost({ hostname: hostname(), environment: process.env })
  const call: CallService = (...asked) => plane.call(...asked)
  const logs = openLogs(settings, { clock, log, host: logHost, call })
  const filterMetrics = new FilterMetrics((message) => log.warn(message))
  const telemetry = createTelemetry({
    counters,
    version,
    filters: () => filters?.guards.read() ?? [],
    comparisons: () => plane.readComparisons(),
    certificateNotAfterMs: () => credentials.current().notAfterMs,
    filterMetrics,
    accessLogDropped: logs.dropped,
    logRecords: logs.counts,
    traces: () => traces.counts(),
  })
  const traces = new TraceExports({
    settings: settings.tracing,
    clock,
    random: Math.random,
    log,
    version,
    host: logHost,
    call,
  })
  const sink: RecordSink = (record, exchange) => {
    telemetry.record(record, exchange)
    logs.record(record, exchange)
    traces.record(record, exchange)
  }
  const limit = descriptorLimit()
  const fullCollections = watchFullCollections()
  const plane = new DataPlane({
    credentials,
    trustDomains: settings.trustDomains,
    tls: settings.tlsGroups === undefined ? {} : { groups: settings.tlsGroups },
    filters: builtinFilters,
    filterMetrics,
    filterEgress: settings.filterEgress,
    openSiblings,
    ...(filters === undefined ? {} : { filterHost: filters.host }),
    clock,
    log,
    sink,
    tracer: new Tracer(settings.tracing.defaults, Math.random),
    progress: telemetry.progress,
    bind: settings.bind,
    reusePort: settings.reusePort,
    deadlines: settings.deadlines,
    overload: settings.overload,
    memoryBytes,
    collectAll,
    fullCollections: fullCollections.count,
    maxConnections: connectionsWithin(limit),
    counters,
    collectYoung: createYoungCollector(),
  })
  const stopWatching = watchDescriptors({ limit, clock, log })
  return {
    apply: async ({ model, generation, issues }) => {
      await filters?.prepare(model)
      logs.apply(model)
      await traces.prepare(model)
      await plane.apply(model, generation)
      await filters?.observe()
      telemetry.observeConfig({ generation, issues })
    },
    listen: (port) => {
      // What the start and a large first configuration left behind; whom it would stop come from now on.
      collectAll()
      compileEarly()
      haveHelpersGiveWay()
      return plane.listen(port)
    },
    dumps: async () => [telemetry.live()],
    dumpPage: (from) => dumpPage(from, telemetry.dump),
    endpoints: async () => [plane.readHealth()],
    limits: async () => [plane.readLimits()],
    comparisons: async () => [plane.readComparisons()],
    command: async (order) => {
      const { commandFilters } = await import('../proxy/apply/command-filters.ts')
      return [await commandFilters(plane.snapshot, order, clock)]
    },
    filters: async () => (filters === undefined ? [] : [filters.guards.read()]),
    hold: (notices) => filters?.guards.hold(notices),
    blameStray: (error, kind) => filters?.guards.blameStray(error, kind) ?? false,
    explain: async (query) => {
      if (plane.snapshot === undefined) throw new Error('no configuration is in force yet')
      const { snapshot } = plane
      // Loaded when somebody asks: on most days nobody does.
      const { explainRequest } = await import('../snapshot/explain.ts')
      const [trustDomain] = settings.trustDomains
      const whole = trustDomain === undefined ? query : { trustDomain, ...query }
      return explainRequest(snapshot, whole, {
        healthOf: (endpoint) => plane.explainHealth(endpoint),
        filterStateOf: (user) => filters?.guards.explain(user),
      })
    },
    setLogLevel: log.setLevel,
    drain: async (deadlineMs) => {
      const startedMs = clock.monotonicMs()
      await plane.drain(deadlineMs)
      const leftMs = deadlineMs - clock.monotonicMs() + startedMs
      await Promise.all([logs.flush(FLUSH_MS), traces.flush(flushTimeMs(leftMs))])
    },
    close: () => {
      stopWatching()
      filters?.close()
      fullCollections.close()
      plane.close()
      telemetry.close()
      traces.close()
      logs.close()
    },
    trouble: () => undefined,
  }
}
