/**
 * The metrics that filters keep, in one process: what they are called, how many series there may be, and the numbers.
 * How they are written down is no business of this file, and neither is who scrapes them.
 */
import { MetricFamily, type MetricSeries, type MetricShape } from './metric-family.ts'
import type { HistogramOptions, MakeCounter, MakeHistogram, MetricOptions } from './metrics.ts'

/** A metric of a filter at one moment; plain data that survives JSON. */
export interface FilterMetricDump extends MetricShape {
  /** In full: `fairway_filter_logins_total`. */
  readonly name: string
  /** `NAMESPACE/NAME`, the label `filter`. */
  readonly filter: string
  readonly series: readonly MetricSeries[]
}

/** What one instance of a filter keeps its metrics in. */
export interface MetricScope {
  /** Throws a `TypeError` for a name or labels that cannot be; the same name again is the same metric. */
  readonly counter: MakeCounter
  readonly histogram: MakeHistogram
  /** Takes what was counted elsewhere of a metric, as `drain` of there gave it. */
  readonly merging: (metric: MetricKind) => (counted: CountedMetric) => void
  /** The instance is gone: when it was the last one of its filter, so are the metrics. */
  readonly close: () => void
}

/** What comes before the name that an author gives. */
export const METRIC_PREFIX = 'fairway_filter_'

/** What the proxy counts of filters itself; no author may take these. */
const RESERVED =
  /^(?:errors|calls|failures|series_overflow|fetch|quarantined|hook|hook_seconds|fetch_seconds)(?:_total)?$/
/** What parts of metrics are called, `_created` in OpenMetrics. */
const PART = /_(?:bucket|sum|count|created)$/
const NAME = /^[a-z][a-z0-9_]{0,99}$/
const LABEL = /^[a-z][a-z0-9_]{0,63}$/
const TAKEN_LABELS: readonly string[] = ['filter', 'le']
const MAX_LABELS = 8
const MAX_BUCKETS = 40
/** Metrics of one filter. */
export const MAX_METRICS = 100
/** Seconds from a millisecond on, as Prometheus' clients have them. */
const DEFAULT_BUCKETS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** A metric as its author makes it. */
export interface MetricKind {
  readonly type: MetricShape['type']
  readonly name: string
  readonly options: HistogramOptions<string>
}

/** What was counted of a metric for a while. */
export interface CountedMetric {
  /** As its author calls it. */
  readonly name: string
  readonly series: readonly MetricSeries[]
  /** Times that a label set found no room. */
  readonly overflowed: number
}

interface Kept {
  readonly families: Map<string, MetricFamily>
  scopes: number
  /** Metrics that it has been told are not shown; empty: that there are too many. */
  readonly warned: Set<string>
}

export class FilterMetrics {
  readonly #filters = new Map<string, Kept>()
  readonly #onWarning: (message: string) => void

  /** `onWarning` hears of metrics that cannot be shown beside those of another filter. */
  constructor(onWarning: (message: string) => void = () => {}) {
    this.#onWarning = onWarning
  }

  /** The metrics of an instance of `filter`, for its author. */
  open(filter: string): MetricScope {
    return this.#open(filter, checkName)
  }

  /** The same for what the proxy says of the filter: all names are free. */
  openOwn(filter: string): MetricScope {
    return this.#open(filter, () => {})
  }

  dump(): readonly FilterMetricDump[] {
    const dumps: FilterMetricDump[] = []
    for (const [filter, { families }] of this.#filters) {
      let overflowed = 0
      for (const [name, family] of families) {
        dumps.push({ name: METRIC_PREFIX + name, filter, ...family.shape, series: family.dump() })
        overflowed += family.overflowed
      }
      if (overflowed > 0) dumps.push({ ...overflow, filter, series: [{ values: [], numbers: [overflowed] }] })
    }
    return dumps
  }

  /** What has been counted by anybody since this was last called. */
  drain(): readonly CountedMetric[] {
    const counted: CountedMetric[] = []
    for (const { families } of this.#filters.values()) {
      for (const [name, family] of families) {
        const series = family.drain()
        if (series.length === 0) continue
        counted.push({ name, series, overflowed: family.overflowed })
        family.overflowed = 0
      }
    }
    return counted
  }

  #open(filter: string, check: (name: string) => void): MetricScope {
    const kept: Kept = this.#filters.get(filter) ?? { families: new Map(), scopes: 0, warned: new Set<string>() }
    this.#filters.set(filter, kept)
    kept.scopes++
    let isOpen = true
    const familyOf = (name: string, shape: MetricShape): MetricFamily => {
      check(name)
      checkLabels(name, shape.labels)
      return this.#familyOf(filter, kept, { name, shape })
    }
    return {
      counter: (name, options) => {
        const family = familyOf(name, shapeOf('counter', options))
        return { inc: (labels, by = 1) => family.add(labels, by) }
      },
      histogram: (name, options) => {
        const family = familyOf(name, shapeOf('histogram', options))
        return { observe: (value, labels) => family.observe(labels, value) }
      },
      merging: ({ type, name, options }) => {
        const family = familyOf(name, shapeOf(type, options))
        return ({ series, overflowed }) => {
          for (const one of series) family.merge(one)
          family.overflowed += overflowed
        }
      },
      close: () => {
        if (isOpen && --kept.scopes === 0) this.#filters.delete(filter)
        isOpen = false
      },
    }
  }

  #familyOf(
    filter: string,
    kept: Kept,
    { name, shape }: { readonly name: string; readonly shape: MetricShape },
  ): MetricFamily {
    const { families } = kept
    const known = families.get(name)
    // Another version may know better; what the one before has counted then is of another kind.
    if (known !== undefined && isSameShape(known.shape, shape)) return known
    const family = new MetricFamily(shape)
    const obstacle = this.#obstacleTo(filter, name, shape)
    if (obstacle === undefined && (known !== undefined || families.size < MAX_METRICS)) families.set(name, family)
    else
      this.#warn(
        kept,
        obstacle === undefined ? '' : name,
        `filter ${filter}: ${shape.type} ${name} is not shown: ${obstacle ?? tooMany}`,
      )
    return family
  }

  /** Whoever makes it again with each request is told once. */
  #warn({ warned }: Kept, about: string, message: string): void {
    if (warned.has(about) || warned.size > MAX_METRICS) return
    warned.add(about)
    this.#onWarning(message)
  }

  #obstacleTo(filter: string, name: string, { type }: MetricShape): string | undefined {
    for (const [other, { families }] of this.#filters) {
      const family = other === filter ? undefined : families.get(name)
      if (family !== undefined && family.shape.type !== type)
        return `filter ${other} has a ${family.shape.type} of that name: give it another one`
    }
    return undefined
  }
}

const tooMany = `the filter has ${MAX_METRICS} metrics already: put what they are about into labels`

const overflow = {
  name: `${METRIC_PREFIX}series_overflow_total`,
  type: 'counter',
  help: 'Times that a metric of a filter had too many label sets, so that a new one counted as other',
  labels: [],
  buckets: [],
} as const

const shapeOf = (
  type: MetricShape['type'],
  options: HistogramOptions<string> | MetricOptions<string>,
): MetricShape => ({
  type,
  help: options.help,
  labels: options.labels ?? [],
  buckets: type === 'histogram' ? checkBuckets('buckets' in options ? options.buckets : undefined) : [],
})

const isSameShape = (a: MetricShape, b: MetricShape): boolean =>
  a.type === b.type && a.labels.join() === b.labels.join() && a.buckets.join() === b.buckets.join()

const checkName = (name: string): void => {
  if (!NAME.test(name))
    throw new TypeError(`metric ${JSON.stringify(name)}: a name is lower-case letters, digits and _, as logins_total`)
  if (PART.test(name)) throw new TypeError(`metric ${name}: parts of other metrics end so; logins_total, say`)
  if (RESERVED.test(name)) throw new TypeError(`metric ${name}: ${METRIC_PREFIX}${name} is the proxy's own`)
}

const checkLabels = (name: string, labels: readonly string[]): void => {
  const wrong = labels.find((label) => !LABEL.test(label) || TAKEN_LABELS.includes(label))
  if (wrong !== undefined)
    throw new TypeError(
      `metric ${name}: label ${JSON.stringify(wrong)}: lower-case letters, digits and _, not filter or le`,
    )
  if (new Set(labels).size !== labels.length) throw new TypeError(`metric ${name}: two labels have the same name`)
  if (labels.length > MAX_LABELS)
    throw new TypeError(`metric ${name}: at most ${MAX_LABELS} labels, not ${labels.length}`)
}

const checkBuckets = (buckets: readonly number[] = DEFAULT_BUCKETS): readonly number[] => {
  const isAscending = buckets.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > (buckets[i - 1] ?? 0)))
  if (buckets.length === 0 || buckets.length > MAX_BUCKETS || !isAscending)
    throw new TypeError(`buckets [${buckets.join(', ')}]: 1 to ${MAX_BUCKETS} finite numbers, ascending`)
  return [...buckets]
}
