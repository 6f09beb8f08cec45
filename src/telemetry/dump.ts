import { setImmediate } from 'node:timers/promises'
import type { FilterMetricDump } from '../filter/env/filter-metrics.ts'
import { mergeExemplars, type Exemplars } from './exposition/exemplar.ts'
import type { SeriesKind } from './labels.ts'
import { mergeFilterMetrics } from './filter-metrics.ts'
import { allMetrics, metricBits } from './istio/metrics-plan.ts'
import { tcpValues } from './istio/tcp-values.ts'
import { scalarDefinitions } from './scalars.ts'

/** All metrics of one process, or of several that were merged, or a part of them; plain data, unless it says otherwise. */
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
  readonly values: ArrayLike<number>
  /** Absent: there are none, as without tracing. */
  readonly exemplars?: Exemplars | undefined
}

/** Some of the label sets, in the order in which they began. */
export interface SeriesRange {
  readonly from: number
  readonly count: number
}

/** A part of a dump, so that nobody has to write or read all of it in one go. */
export interface DumpPage {
  readonly dump: MetricsDump
  /** Where the next part begins; `undefined`: this is the last. */
  readonly next: number | undefined
}

/** Label sets of a part: about a millisecond of work for whoever makes, writes or reads it. */
const PAGE_SERIES = 100

/** The part of a process's metrics that begins at `from`. */
export const dumpPage = (from: number, dump: (range: SeriesRange) => MetricsDump): DumpPage => {
  const part = dump({ from, count: PAGE_SERIES })
  return { dump: part, next: part.series.length < PAGE_SERIES ? undefined : from + PAGE_SERIES }
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
  const merge = new DumpMerge()
  for (const dump of dumps) merge.add(dump)
  return merge.result()
}

/** The same with a turn of the event loop after each. */
export const mergeInParts = async (dumps: Iterable<MetricsDump>): Promise<MetricsDump> => {
  const merge = new DumpMerge()
  for (const dump of dumps) {
    merge.add(dump)
    await setImmediate()
  }
  return merge.result()
}

class DumpMerge {
  readonly #series = new SeriesSums()
  readonly #scalars = new Map<string, ScalarDump>()
  readonly #filters: FilterMetricDump[] = []

  add({ series, scalars, filters = [] }: MetricsDump): void {
    for (const one of series) this.#series.add(one)
    for (const scalar of scalars) mergeScalar(this.#scalars, scalar)
    this.#filters.push(...filters)
  }

  result(): MetricsDump {
    return {
      series: this.#series.result(),
      scalars: [...this.#scalars.values()],
      filters: mergeFilterMetrics(this.#filters),
    }
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
  const kept = new SeriesSums()
  for (const [at, one] of series.entries()) {
    const labels = at < maxSeries ? one.labels : unknownLabels(one.labels)
    kept.add({ ...one, labels, values: countsOpened(one) ? closeAll(one.values) : one.values })
  }
  return {
    ...merged,
    series: kept.result(),
    scalars: scalars.filter(({ name }) => scalarDefinitions.get(name)?.type === 'counter'),
  }
}

const nothingCounted: MetricsDump = { series: [], scalars: [] }

/** Whether a series tells how many connections there were; a policy may count only those that are closed. */
const countsOpened = ({ kind, metrics = allMetrics[kind] }: SeriesDump): boolean =>
  kind === 'tcp' && (metrics & metricBits.TCP_OPENED_CONNECTIONS) !== 0

const closeAll = (values: ArrayLike<number>): readonly number[] =>
  Array.from(values, (value, at) => (at === tcpValues.closed ? (values[tcpValues.opened] ?? 0) : value))

/** Of a label set in the exposition format. */
const unknownLabels = (labels: string): string =>
  labels.replaceAll(/(\w+)="(?:[^"\\]|\\.)*"/g, (label, name: string) =>
    name === 'reporter' ? label : `${name}="unknown"`,
  )

/** A series whose numbers are being added up. */
type SeriesSum = Omit<SeriesDump, 'exemplars' | 'metrics' | 'values'> & {
  metrics?: number
  readonly values: number[]
  exemplars?: Exemplars | undefined
}

/** Series by their labels. Most come once: they are passed on as they are, and only what is added to is copied. */
class SeriesSums {
  // By kind first: labels, which are long, are keys as they are.
  readonly #all: Readonly<Record<SeriesKind, Map<string, SeriesDump>>> = {
    request: new Map(),
    messages: new Map(),
    tcp: new Map(),
  }
  /** The first of each, in the order in which they came: those that were there before stay in front. */
  readonly #firsts: SeriesDump[] = []
  readonly #sums = new Map<SeriesDump, SeriesSum>()

  add(one: SeriesDump): void {
    const ofKind = this.#all[one.kind]
    const first = ofKind.get(one.labels)
    if (first === undefined) {
      ofKind.set(one.labels, one)
      this.#firsts.push(one)
      return
    }
    const known = this.#sums.get(first)
    const sum = known ?? { ...first, values: Array.from(first.values) }
    if (known === undefined) this.#sums.set(first, sum)
    addTo(sum, one)
  }

  result(): SeriesDump[] {
    return this.#firsts.map((one) => this.#sums.get(one) ?? one)
  }
}

const addTo = (sum: SeriesSum, one: SeriesDump): void => {
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
