import type { MetricsFormat } from './metrics-format.ts'

/** What is said of a metric before its samples. */
export interface MetricHead {
  /** As its samples are called, but for the parts of a histogram. */
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
}

/**
 * The lines of HELP and TYPE. OpenMetrics calls a counter by its name without `_total`, which its samples must have. One
 * that is called otherwise, or whose shorter name another metric has (`isTaken`), is of unknown type there: samples have
 * the same names in both formats.
 */
export const formatHead = (
  { name, help, type }: MetricHead,
  { kind }: MetricsFormat,
  isTaken: (name: string) => boolean = () => false,
): string => {
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  if (kind === 'prometheus') return `# HELP ${name} ${escaped}\n# TYPE ${name} ${type}\n`
  const family = type === 'counter' ? name.replace(/_total$/, '') : name
  const isUnknown = type === 'counter' && (family === name || isTaken(family))
  const shown = isUnknown ? `${name} unknown` : `${family} ${type}`
  return `# HELP ${isUnknown ? name : family} ${escaped.replaceAll('"', '\\"')}\n# TYPE ${shown}\n`
}
