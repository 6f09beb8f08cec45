/**
 * From finished exchanges to numbers: one record per exchange comes in, counts go out when somebody scrapes. It runs
 * beside the request path and must never have a say in a response, wait, or throw.
 */
import type { FilterMetrics } from '../filter/env/filter-metrics.ts'
import { hookTimeMetrics } from '../filter/guard/reading-metrics.ts'
import type { FilterReading } from '../filter/guard/reading.ts'
import type { ExchangeRecord } from '../filter/record.ts'
import type { HealthCounters } from '../proxy/balance/health/health-counters.ts'
import type { ComparisonReading } from '../proxy/comparison/comparison-reading.ts'
import type { Counters } from '../proxy/counters.ts'
import { comparisonScalars } from './comparison/comparison-scalars.ts'
import { IstioSeries } from './istio/istio-series.ts'
import { DecisionCounts } from './decisions/count-decisions.ts'
import { filterScalars } from './filters/filter-scalars.ts'
import type { ExportCounts } from './otlp/export-queue.ts'
import type { MetricsDump, ScalarDump, SeriesRange } from './dump.ts'
import type { Told } from './log/told.ts'
import { toSnakeCase } from './labels.ts'
import { createProcessReadings, type ProcessReadings } from './process-readings.ts'
import {
  counterMetrics,
  endpointMetrics,
  handshakeMetric,
  labelledMetrics,
  otherMetrics,
  type ScalarDefinition,
} from './scalars.ts'

export interface TelemetryOptions {
  /** The proxy's own counters; read at each dump. */
  readonly counters: Counters
  /** Our version: the tag of `istio_build`. */
  readonly version: string
  /** When our certificate expires, milliseconds since the epoch. */
  readonly certificateNotAfterMs?: () => number
  /** What filters count. */
  readonly filterMetrics?: FilterMetrics
  /** How users' filters do. */
  readonly filters?: () => readonly FilterReading[]
  /** What comparisons with mirrors have found. */
  readonly comparisons?: () => readonly ComparisonReading[]
  /** What became of the exchanges that collectors were to be told of. */
  readonly traces?: () => ExportCounts
  /** The same of records of logs. */
  readonly logRecords?: () => ExportCounts
  /** Lines that the access log had to drop. */
  readonly accessLogDropped?: () => number
  /** Label sets of Istio's metrics; default 2000, of which each costs about 1.6 KB. */
  readonly maxSeries?: number
  /** Default: this process. */
  readonly process?: ProcessReadings
}

export interface Telemetry {
  /** Counts one finished exchange; on the hot path, so it only finds its series and increments. */
  readonly record: (record: ExchangeRecord, exchange?: Told['exchange']) => void
  /** Counts what a connection, or a gRPC call, has moved until now. */
  readonly progress: (record: ExchangeRecord) => void
  /** Notes which configuration is in force, and how many of its documents could not be read. */
  readonly observeConfig: (config: { readonly generation: number; readonly issues: number }) => void
  /** Of one moment. Of a range of label sets only these, and the rest with the one that begins at 0. */
  readonly dump: (range?: SeriesRange) => MetricsDump
  /** The same without a copy of what is counted, which goes on: for who writes it out at once, and stays in this process. */
  readonly live: () => MetricsDump
  readonly close: () => void
}

const MAX_SERIES = 2000

/** The metrics of one process. */
export const createTelemetry = (options: TelemetryOptions): Telemetry => {
  const istio = new IstioSeries(options.maxSeries ?? MAX_SERIES)
  const processReadings = options.process ?? createProcessReadings()
  const decisions = new DecisionCounts()
  let config = { generation: 0, issues: 0 }
  const rest = (): Omit<MetricsDump, 'series'> => ({
    scalars: [
      ...readCounters(options.counters),
      ...decisions.dump(),
      ...readOthers(options),
      { name: otherMetrics.configGeneration.name, value: config.generation },
      { name: otherMetrics.configIssues.name, value: config.issues },
      { name: otherMetrics.seriesOverflow.name, value: istio.overflowed },
      ...filterScalars(options.filters?.() ?? []),
      ...comparisonScalars(options.comparisons?.() ?? []),
      ...readProcess(processReadings),
    ],
    filters: [...(options.filterMetrics?.dump() ?? []), ...hookTimeMetrics(options.filters?.() ?? [])],
  })
  return {
    record: (record, exchange) => {
      if (record.authorization !== undefined) decisions.add(record)
      istio.add(record, exchange)
    },
    progress: (record) => istio.note(record),
    observeConfig: (next) => {
      config = next
    },
    dump: (range) => {
      const series = istio.entries(range)
      return range === undefined || range.from === 0 ? { series, ...rest() } : { series, scalars: [] }
    },
    live: () => ({ series: istio.live(), ...rest() }),
    close: processReadings.close,
  }
}

const readCounters = (counters: Counters): ScalarDump[] => {
  const { endpoints, handshakes } = counters
  const scalars = Object.entries(counterMetrics).map(([field, { name }]): ScalarDump => ({
    name,
    value: counters[field as keyof typeof counterMetrics],
  }))
  for (const [field, { name }] of Object.entries(labelledMetrics)) {
    const numbers = counters[field as keyof typeof labelledMetrics]
    for (const [label, value] of Object.entries(numbers)) scalars.push({ name, label: toSnakeCase(label), value })
  }
  return [...scalars, ...readHandshakes(handshakes), ...readEndpoints(endpoints)]
}

/** Groups keep their names: they are OpenSSL's. */
const readHandshakes = (handshakes: Counters['handshakes']): ScalarDump[] =>
  Object.entries(handshakes).flatMap(([side, groups]) =>
    Array.from(groups, ([group, value]) => ({ name: handshakeMetric.name, label: [side, group], value })),
  )

const readEndpoints = (endpoints: HealthCounters): ScalarDump[] =>
  Object.entries(endpointMetrics).flatMap(([field, { name }]) => {
    const value = endpoints[field as keyof typeof endpointMetrics]
    if (typeof value === 'number') return [{ name, value }]
    return Object.entries(value).map(([label, count]) => ({ name, label: toSnakeCase(label), value: count }))
  })

/** What became of what collectors were to be told of. */
const exportScalars = (
  { name }: ScalarDefinition,
  { exported, queueFull, failed }: ExportCounts,
): readonly ScalarDump[] => [
  { name, label: 'exported', value: exported },
  { name, label: 'queue_full', value: queueFull },
  { name, label: 'failed', value: failed },
]

const readOthers = (options: TelemetryOptions): ScalarDump[] => {
  const { version, certificateNotAfterMs, accessLogDropped, traces, logRecords } = options
  const scalars: ScalarDump[] = [{ name: otherMetrics.build.name, label: version, value: 1 }]
  if (accessLogDropped !== undefined) {
    scalars.push({ name: otherMetrics.accessLogDropped.name, value: accessLogDropped() })
  }
  if (traces !== undefined) scalars.push(...exportScalars(otherMetrics.tracesReported, traces()))
  if (logRecords !== undefined) scalars.push(...exportScalars(otherMetrics.logRecordsReported, logRecords()))
  if (certificateNotAfterMs !== undefined) {
    scalars.push({ name: otherMetrics.certificateNotAfter.name, value: certificateNotAfterMs() / 1000 })
  }
  return scalars
}

const readProcess = (readings: ProcessReadings): ScalarDump[] => {
  const reading = readings.read()
  return [
    { name: otherMetrics.cpuSeconds.name, value: reading.cpuSeconds },
    { name: otherMetrics.residentBytes.name, value: reading.residentBytes },
    { name: otherMetrics.heapUsedBytes.name, value: reading.heapUsedBytes },
    { name: otherMetrics.startTime.name, value: reading.startTimeSeconds },
    { name: otherMetrics.loopDelayP50.name, value: reading.loopDelay.p50 },
    { name: otherMetrics.loopDelayP99.name, value: reading.loopDelay.p99 },
    { name: otherMetrics.loopDelayMax.name, value: reading.loopDelay.max },
  ]
}
