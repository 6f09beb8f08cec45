import { formatExemplar, type Exemplars } from './exemplar.ts'
import type { MetricsFormat } from './metrics-format.ts'

/** Numbers of one histogram with one set of labels. */
export interface HistogramLines {
  readonly name: string
  /** In the exposition format, without braces. */
  readonly labels: string
  /** The values of `le`: `formatBounds`. */
  readonly bounds: readonly string[]
  /** From `at` on: how many there were in each bucket (not cumulative), above the last, and their sum. */
  readonly values: ArrayLike<number>
  readonly at?: number
  readonly exemplars?: Exemplars | undefined
}

/** The lines of a histogram in the exposition format. */
export const formatHistogram = (histogram: HistogramLines, format: MetricsFormat): string => {
  const { name, labels, bounds, values, at = 0, exemplars } = histogram
  let text = ''
  let count = 0
  for (let i = 0; i < bounds.length; i++) {
    count += values[at + i] ?? 0
    const exemplar = exemplars === undefined ? '' : formatExemplar(exemplars[at + i], format)
    text += `${name}_bucket{${labels},le="${bounds[i] ?? ''}"} ${count}${exemplar}\n`
  }
  return `${text}${name}_sum{${labels}} ${values[at + bounds.length] ?? 0}\n${name}_count{${labels}} ${count}\n`
}

/**
 * Upper bounds as they are written, and the one that has no end. In OpenMetrics a bound has one spelling: Go's, with a
 * point or an exponent (`1.0`, `3.6e+06`), as Prometheus 3 spells them in whatever format they come.
 */
export const formatBounds = (bounds: readonly number[], { kind }: MetricsFormat): readonly string[] => [
  ...bounds.map(kind === 'prometheus' ? String : spellFloat),
  '+Inf',
]

/** As Go writes the shortest digits by `%g`: with an exponent below 0.0001, and from a million on. */
const spellFloat = (bound: number): string => {
  const [digits = '', exponent = ''] = bound.toExponential().split('e')
  const power = Number(exponent)
  if (power < -4 || power >= 6) {
    return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
  }
  return Number.isInteger(bound) ? `${bound}.0` : String(bound)
}
