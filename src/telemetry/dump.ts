import type { FilterMetricDump } from '../filter/env/filter-metrics.ts'
import { mergeExemplars, type Exemplars } from './exposition/exemplar.ts'
import type { SeriesKind } from './labels.ts'
import { mergeFilterMetrics } from './filter-metrics.ts'
import { allMetrics, metricBits } from './istio/metrics-plan.ts'
import { tcpValues } from './istio/tcp-values.ts'
import { scalarDefinitions } from './scalars.ts'

/** All metrics of one process, or of several that were merged, at one moment; plain data that survives JSON. */
export interface MetricsDump {
  readonly series: readonly SeriesDump[]
  readonly scalars: readonly ScalarDump[]
  /** What filters count; absent: nothing. */
  readonly filters?: readonly FilterMetricDump[]
}

/** One label set of Istio's metrics. */
export interface SeriesDump {
  readonly kind: SeriesKind
  /** In the exposition format, without braces. */
  readonly labels: string
  /** Which metrics of its kind it has (`metricBits`); absent: all of them. */
  readonly metrics?: number
  /** As `IstioSeries` keeps them. */
  readonly values: readonly number[]
  /** Absent: there are none, as without tracing. */
  readonly exemplars?: Exemplars
}

export interface ScalarDump {
  /** A name of `scalarDefinitions`. */
  readonly name: string
  /** Value of its label, or of each in the order of the definition. */
  readonly label?: string | readonly string[]
  readonly value: number
}

/**
 * The metrics of several workers as those of one process: series and totals are added, other gauges by their own rule.
 * Scalars that this version does not know are left out (a worker of another version is still being replaced).
 */
export const mergeDumps = (dumps: readonly MetricsDump[]): MetricsDump => {
  const [only] = dumps
  if (only !== undefined && dumps.length === 1) return only
  const series = new Map<string, SeriesSum>()
  const scalars = new Map<string, ScalarDump>()
  for (const dump of dumps) {
    for (const one of dump.series) addSeries(series, one)
    for (const scalar of dump.scalars) mergeScalar(scalars, scalar)
  }
  return {
    series: [...series.values()],
    scalars: [...scalars.values()],
    filters: mergeFilterMetrics(dumps.flatMap(({ filters = [] }) => filters)),
  }
}

/** As of one process: what its label sets may come to. */
const MAX_DEPARTED_SERIES = 2000

/**
 * What stays of processes that have ended, `past` included: everything that only ever grows. A total that fell with a
 * process would look like a restart of all of them, and whoever asks for its rate would be told of requests that there
 * never were. Connections that were open are closed. Beyond `maxSeries` label sets (default 2,000) new ones are counted
 * as `unknown`.
 */
export const keepCounters = (
  past: MetricsDump | undefined,
  dumps: readonly MetricsDump[],
  maxSeries = MAX_DEPARTED_SERIES,
): MetricsDump => {
  const merged = mergeDumps([...(past === undefined ? [] : [past]), ...dumps, nothingCounted])
  const { series, scalars } = merged
  const kept = new Map<string, SeriesSum>()
  for (const [at, one] of series.entries()) {
    const labels = at < maxSeries ? one.labels : unknownLabels(one.labels)
    addSeries(kept, { ...one, labels, values: countsOpened(one) ? closeAll(one.values) : one.values })
  }
  return {
    ...merged,
    series: [...kept.values()],
    scalars: scalars.filter(({ name }) => scalarDefinitions.get(name)?.type === 'counter'),
  }
}

const nothingCounted: MetricsDump = { series: [], scalars: [] }

/** Whether a series tells how many connections there were; a policy may count only those that are closed. */
const countsOpened = ({ kind, metrics = allMetrics[kind] }: SeriesDump): boolean =>
  kind === 'tcp' && (metrics & metricBits.TCP_OPENED_CONNECTIONS) !== 0

const closeAll = (values: readonly number[]): readonly number[] =>
  values.map((value, at) => (at === tcpValues.closed ? (values[tcpValues.opened] ?? 0) : value))

/** Of a label set in the exposition format. */
const unknownLabels = (labels: string): string =>
  labels.replaceAll(/(\w+)="(?:[^"\\]|\\.)*"/g, (label, name: string) =>
    name === 'reporter' ? label : `${name}="unknown"`,
  )

/** A series whose numbers are being added up. */
type SeriesSum = Omit<SeriesDump, 'exemplars' | 'metrics'> & {
  metrics?: number
  readonly values: number[]
  exemplars?: Exemplars
}

const addSeries = (all: Map<string, SeriesSum>, one: SeriesDump): void => {
  const key = `${one.kind} ${one.labels}`
  const sum = all.get(key)
  if (sum === undefined) {
    all.set(key, { ...one, values: [...one.values] })
    return
  }
  for (let i = 0; i < sum.values.length; i++) sum.values[i] = (sum.values[i] ?? 0) + (one.values[i] ?? 0)
  if (sum.metrics !== undefined) {
    if (one.metrics === undefined) delete sum.metrics
    else sum.metrics |= one.metrics
  }
  const exemplars = mergeExemplars(sum.exemplars, one.exemplars)
  if (exemplars !== undefined) sum.exemplars = exemplars
}

const mergeScalar = (scalars: Map<string, ScalarDump>, scalar: ScalarDump): void => {
  const definition = scalarDefinitions.get(scalar.name)
  if (definition === undefined) return
  const key = `${scalar.name} ${JSON.stringify(scalar.label)}`
  const other = scalars.get(key)
  const value = other === undefined ? scalar.value : combine[definition.merge](other.value, scalar.value)
  scalars.set(key, { ...scalar, value })
}

const combine = {
  sum: (a: number, b: number): number => a + b,
  max: Math.max,
  min: Math.min,
} as const
