import Registry from 'prom-client/lib/registry.js'

/** How a page of metrics is written. */
export interface MetricsFormat {
  readonly kind: 'prometheus' | 'openmetrics'
  readonly contentType: string
}

/** Prometheus' text format 0.0.4, which every scraper reads. */
export const prometheusFormat: MetricsFormat = { kind: 'prometheus', contentType: Registry.PROMETHEUS_CONTENT_TYPE }

/** OpenMetrics 1.0.0, which has exemplars. */
export const openMetricsFormat: MetricsFormat = {
  kind: 'openmetrics',
  contentType: Registry.OPENMETRICS_CONTENT_TYPE,
}

/** What Prometheus before 2.35 asks for by that number; the text is the same. */
const openMetricsDraft: MetricsFormat = {
  kind: 'openmetrics',
  contentType: 'application/openmetrics-text; version=0.0.1; charset=utf-8',
}

const OPEN_METRICS = 'application/openmetrics-text'

/** One line of what a client accepts. */
interface Wish {
  readonly type: string
  readonly version: string | undefined
  /** From 0 to 1. */
  readonly weight: number
}

/**
 * The format that a client likes best by its `Accept`. OpenMetrics is for those that name it: a browser, `curl`, and
 * whoever accepts nothing of ours get Prometheus' text. Source: RFC 9110 section 12.5.1, and Prometheus' rules for
 * what scrapers ask for; parameters such as `escaping` mean nothing here, as none of our names needs it.
 */
export const chooseFormat = (accept: string | undefined): MetricsFormat => {
  const wishes = (accept ?? '').split(',').map(readWish)
  const weightOf = (type: string, versions: readonly (string | undefined)[]): number =>
    Math.max(0, ...wishes.filter((wish) => wish.type === type && versions.includes(wish.version)).map(weigh))
  const stable = weightOf(OPEN_METRICS, ['1.0.0', undefined])
  const draft = weightOf(OPEN_METRICS, ['0.0.1'])
  const text = weightOf('text/plain', ['0.0.4', undefined])
  if (Math.max(stable, draft) === 0 || text > Math.max(stable, draft)) return prometheusFormat
  return stable >= draft ? openMetricsFormat : openMetricsDraft
}

const weigh = ({ weight }: Wish): number => weight

const readWish = (text: string): Wish => {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const valueOf = (name: string): string | undefined =>
    parameters
      .find((parameter) => parameter.startsWith(`${name}=`))
      ?.slice(name.length + 1)
      .replaceAll('"', '')
  const weight = Number(valueOf('q') ?? 1)
  return { type, version: valueOf('version'), weight: weight >= 0 && weight <= 1 ? weight : 0 }
}
