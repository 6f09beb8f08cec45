/** What a metric of a filter is told beside its name. */
export interface MetricOptions<Label extends string = never> {
  /** One sentence for whoever finds it in Prometheus. */
  readonly help: string
  /** Names of its labels, at most eight. Their values must be few: of a metric 200 series are kept, the rest counts as `other`. */
  readonly labels?: readonly Label[]
}

/** The same for a histogram. */
export interface HistogramOptions<Label extends string = never> extends MetricOptions<Label> {
  /** Upper bounds, ascending, at most 40; the one for all that is greater comes of itself. */
  readonly buckets?: readonly number[]
}

/** A value for each label; a missing one is the empty string. */
export type LabelValues<Label extends string> = { readonly [L in Label]?: string | number | boolean }

/** A number that only grows. */
export interface Counter<Label extends string = never> {
  /** Adds `by`, default 1; what is no number above 0 is not added. */
  readonly inc: (labels?: LabelValues<Label>, by?: number) => void
}

/** How often values lay where. */
export interface Histogram<Label extends string = never> {
  /** Counts one value; what is no finite number is not counted. */
  readonly observe: (value: number, labels?: LabelValues<Label>) => void
}

/** Makes a counter; see `FilterEnv.counter`. */
export type MakeCounter = <Label extends string = never>(name: string, options: MetricOptions<Label>) => Counter<Label>

/** Makes a histogram; see `FilterEnv.histogram`. */
export type MakeHistogram = <Label extends string = never>(
  name: string,
  options: HistogramOptions<Label>,
) => Histogram<Label>
