/** What a dashboard is described with; `format-dashboard.ts` makes Grafana's JSON of it. */

/** A line of a panel: what it is called, with `{{label}}` for a label's value, and its expression in PromQL. */
export type Line = readonly [legend: string, expression: string]

export interface Panel {
  readonly title: string
  /** What one sees, and what to do when it looks bad. */
  readonly about: string
  /** As Grafana calls it. */
  readonly unit: string
  readonly lines: readonly Line[]
  /** `stat` is one big number; default `timeseries`. */
  readonly kind?: 'stat' | 'timeseries'
  /** Areas upon each other, for parts of a whole. */
  readonly isStacked?: boolean
  /** From where on a number is worth a look (amber), and bad (red); `below` turns them around. */
  readonly limits?: { readonly amber: number; readonly red: number; readonly isBelow?: boolean }
}

/** Panels below a heading. */
export interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

/** A choice above a dashboard, filled from the values of a label. */
export interface Choice {
  readonly name: string
  readonly title: string
  /** `label_values(METRIC, LABEL)` */
  readonly query: string
}

export interface Dashboard {
  /** Stays the same for ever: links go by it. */
  readonly uid: string
  readonly title: string
  readonly about: string
  readonly choices: readonly Choice[]
  readonly rows: readonly Row[]
}

/** The rate of counters. Grafana knows how often Prometheus scrapes. */
export const rate = (selector: string): string => `rate(${selector}[$__rate_interval])`

/** `sum by (a) (rate(…))` */
export const sumRate = (selector: string, ...by: readonly string[]): string =>
  by.length === 0 ? `sum(${rate(selector)})` : `sum by (${by.join(', ')}) (${rate(selector)})`
