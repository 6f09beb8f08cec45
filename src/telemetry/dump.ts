import type { FilterMetricDump } from '../filter/env/filter-metrics.ts'
import { mergeExemplars, type Exemplars } from './exposition/exemplar.ts'
import type { SeriesKind } from './labels.ts'
import { mergeFilterMetrics } from './filter-metrics.ts'
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

/** A series whose numbers are being added up. */
type SeriesSum = Omit<SeriesDump, 'exemplars'> & { readonly values: number[]; exemplars?: Exemplars }

const addSeries = (all: Map<string, SeriesSum>, one: SeriesDump): void => {
  // The labels of requests begin as those of messages do, and go on.
  const sum = all.get(one.labels)
  if (sum === undefined) {
    all.set(one.labels, { ...one, values: [...one.values] })
    return
  }
  for (let i = 0; i < sum.values.length; i++) sum.values[i] = (sum.values[i] ?? 0) + (one.values[i] ?? 0)
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
