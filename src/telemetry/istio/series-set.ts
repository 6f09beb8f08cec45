import type { SeriesDump, SeriesRange } from '../dump.ts'
import type { Exemplar } from '../exposition/exemplar.ts'
import { formatLabels, labelNames, type Labels, type SeriesKind } from '../labels.ts'
import { allMetrics } from './metrics-plan.ts'

/** Values that are counted under one set of labels. */
export interface Series {
  readonly kind: SeriesKind
  /** In the exposition format, without braces. */
  readonly labels: string
  /** Those of its kind that have these labels (`metricBits`). */
  metrics: number
  readonly values: Float64Array
  /** Those of `values` that have one; absent until the first. */
  exemplars: Record<number, Exemplar> | undefined
}

/** Exemplars of one process, of about 200 bytes each; values that have none when there are so many stay without. */
const MAX_EXEMPLARS = 10_000
/** One that is no older is good enough: nobody looks more often. */
const EXEMPLAR_MS = 1000

/** Of what kind a series is, and how many values it has. */
export interface SeriesShape {
  readonly kind: SeriesKind
  readonly length: number
}

/** All label sets of Istio's metrics in one process, of which there are only so many. */
export class SeriesSet {
  /** Times that somebody wanted one more than there may be. */
  overflowed = 0
  readonly #max: number
  #exemplars = 0
  /** By kind and labels. */
  readonly #all = new Map<string, Series>()
  /** In the order in which they began. */
  readonly #list: Series[] = []

  /** At most `max`; what comes beyond is counted in one more of each kind, whose labels are all `unknown`. */
  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#all.size
  }

  /** The series with these labels, which some `metrics` of its kind have. */
  of(shape: SeriesShape, labels: Labels, metrics = allMetrics[shape.kind]): Series {
    const text = formatLabels(labels)
    const known = this.#all.get(`${shape.kind} ${text}`)
    if (known === undefined && this.#all.size >= this.#max) {
      this.overflowed++
      return this.#take(shape, unknownLabels[shape.kind], metrics)
    }
    return this.#take(shape, text, metrics)
  }

  /** Whether the value at `at` is shown by none, or by one that is a second older than `nowEpochMs`. */
  wantsExemplar({ exemplars }: Series, at: number, nowEpochMs: number): boolean {
    const shown = exemplars?.[at]
    // The clock of the machine may be set back.
    return shown === undefined || Math.abs(nowEpochMs - shown.atEpochMs) >= EXEMPLAR_MS
  }

  /** Shows the value at `at` of a series by one of those that it counts. */
  exemplify(series: Series, at: number, exemplar: Exemplar): void {
    series.exemplars ??= {}
    if (series.exemplars[at] === undefined && this.#exemplars++ >= MAX_EXEMPLARS) return
    series.exemplars[at] = exemplar
  }

  /** All of them as they are, which go on counting. */
  live(): readonly SeriesDump[] {
    return this.#list.slice()
  }

  /** Copies of some of them; default: of all. */
  entries({ from, count }: SeriesRange = { from: 0, count: this.#list.length }): SeriesDump[] {
    return this.#list.slice(from, from + count).map(({ kind, labels, metrics, values, exemplars }) => ({
      kind,
      labels,
      ...(metrics === allMetrics[kind] ? {} : { metrics }),
      values: copyOf(values),
      ...(exemplars === undefined ? {} : { exemplars: { ...exemplars } }),
    }))
  }

  #take({ kind, length }: SeriesShape, labels: string, metrics: number): Series {
    const key = `${kind} ${labels}`
    let series = this.#all.get(key)
    if (series === undefined) {
      series = { kind, labels, metrics: 0, values: new Float64Array(length), exemplars: undefined }
      this.#all.set(key, series)
      this.#list.push(series)
    }
    series.metrics |= metrics
    return series
  }
}

/** Whatever labels a policy adds or takes away, what finds no room is counted under Istio's. */
const unknownText = (names: readonly string[]): string =>
  formatLabels(names.map((name) => [name, name === 'reporter' ? 'waypoint' : 'unknown']))

const unknownLabels: Readonly<Record<SeriesKind, string>> = {
  request: unknownText(labelNames().request),
  messages: unknownText(labelNames().messages),
  tcp: unknownText(labelNames().tcp),
}

/** `Array.from` takes 60 ns an element, which for all label sets would hold up the loop for 8 ms. */
const copyOf = (values: Float64Array): number[] => {
  const copy: number[] = []
  for (let i = 0; i < values.length; i++) copy.push(values[i] ?? 0)
  return copy
}
