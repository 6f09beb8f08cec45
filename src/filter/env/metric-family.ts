import type { LabelValues } from './metrics.ts'

/** What a metric is, as its first maker described it. */
export interface MetricShape {
  readonly type: 'counter' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** Of a histogram. */
  readonly buckets: readonly number[]
}

/** One label set of a metric. */
export interface MetricSeries {
  /** In the order of the shape's labels. */
  readonly values: readonly string[]
  /** Of a counter its value; of a histogram how many values lay in each bucket (not cumulative), above the last, and their sum. */
  readonly numbers: readonly number[]
}

/** Series of one metric of one filter: what is beyond counts in one whose labels are all `other`. */
const MAX_SERIES = 200
const MAX_VALUE_LENGTH = 256
const OTHER = 'other'
const none: LabelValues<string> = {}

interface Series {
  readonly values: readonly string[]
  readonly numbers: number[]
}

/** One metric of one filter, with its series. */
export class MetricFamily {
  readonly shape: MetricShape
  readonly #series = new Map<string, Series>()
  /** The only series of a metric without labels. */
  readonly #plain: Series | undefined
  #other: Series | undefined
  /** Times that a new series found no room. */
  overflowed = 0

  constructor(shape: MetricShape) {
    this.shape = shape
    // It is there from the start, so that rates begin at the first event.
    if (shape.labels.length === 0) this.#plain = this.#add('', [])
  }

  add(labels: LabelValues<string> | undefined, by: number): void {
    if (!(by > 0) || by === Infinity) return
    const { numbers } = this.#find(labels ?? none)
    numbers[0] = (numbers[0] ?? 0) + by
  }

  observe(labels: LabelValues<string> | undefined, value: number): void {
    if (!Number.isFinite(value)) return
    const { buckets } = this.shape
    const { numbers } = this.#find(labels ?? none)
    let i = 0
    while (i < buckets.length && value > (buckets[i] ?? 0)) i++
    numbers[i] = (numbers[i] ?? 0) + 1
    const sum = buckets.length + 1
    numbers[sum] = (numbers[sum] ?? 0) + value
  }

  dump(): readonly MetricSeries[] {
    return Array.from(this.#series.values(), ({ values, numbers }) => ({ values, numbers: [...numbers] }))
  }

  /** What has been counted since this was last called. */
  drain(): readonly MetricSeries[] {
    const drained: MetricSeries[] = []
    for (const { values, numbers } of this.#series.values()) {
      if (numbers.every((number) => number === 0)) continue
      drained.push({ values, numbers: [...numbers] })
      numbers.fill(0)
    }
    return drained
  }

  /** Adds what another one of the same shape has counted elsewhere. What does not fit is nothing. */
  merge({ values, numbers: added }: MetricSeries): void {
    const { labels } = this.shape
    if (added.some((number) => !Number.isFinite(number))) return
    // Of what found no room there: that has been counted.
    const isOther = labels.length > 0 && values.every((value) => value === OTHER)
    if (isOther) this.#other ??= this.#addOther(labels)
    const { numbers } = this.#find(Object.fromEntries(labels.map((name, i) => [name, values[i] ?? ''])))
    if (added.length !== numbers.length) return
    for (const [i, number] of added.entries()) numbers[i] = (numbers[i] ?? 0) + number
  }

  #find(labels: LabelValues<string>): Series {
    if (this.#plain !== undefined) return this.#plain
    const names = this.shape.labels
    // With one label, which is the rule, nothing is put together.
    const first = textOf(labels[names[0] ?? ''])
    const key = names.length === 1 ? first : keyOf(names, labels)
    const known = this.#series.get(key)
    if (known !== undefined) return known
    if (this.#series.size < MAX_SERIES) {
      const values = names.map((name) => textOf(labels[name]))
      return this.#add(key, values)
    }
    this.overflowed++
    this.#other ??= this.#addOther(names)
    return this.#other
  }

  /** An author may have had that value as well: then it is the same series. */
  #addOther(names: readonly string[]): Series {
    const labels = Object.fromEntries(names.map((name) => [name, OTHER]))
    const key = names.length === 1 ? OTHER : keyOf(names, labels)
    return this.#series.get(key) ?? this.#add(key, Object.values(labels))
  }

  #add(key: string, values: readonly string[]): Series {
    const { type, buckets } = this.shape
    const numbers = new Array<number>(type === 'counter' ? 1 : buckets.length + 2).fill(0)
    const series = { values, numbers }
    this.#series.set(key, series)
    return series
  }
}

const keyOf = (names: readonly string[], labels: LabelValues<string>): string => {
  let key = ''
  for (const name of names) {
    const text = textOf(labels[name])
    key += `${text.length}:${text}`
  }
  return key
}

// Authors in plain JavaScript may give anything.
const textOf = (value: unknown): string => {
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
  if (typeof text !== 'string') return ''
  return text.length > MAX_VALUE_LENGTH ? text.slice(0, MAX_VALUE_LENGTH) : text
}
