/** The pictures of docs/performance.md. */
import { ratioGoalsOf, verdictOf } from '../report.ts'
import type { CaseReport, FigureReport, SeriesReport } from '../report.ts'
import { formatBars, type Bar } from './bar-chart.ts'
import { formatLines } from './line-charts.ts'
import type { BenchResults } from './results.ts'
import type { Tone } from './svg.ts'

/** A picture, its file's name, and what is said to those who do not see it. */
export interface Chart {
  readonly name: string
  readonly alt: string
  readonly svg: string
}

/** Of the suites that were measured. */
export const createCharts = (results: BenchResults): readonly Chart[] =>
  [hboneChart(results), policyChart(results), growthChart(results), costChart(results)].filter(
    (chart) => chart !== undefined,
  )

const tones: Readonly<Record<string, Tone>> = {
  fairway: 'ours',
  'nginx-tls': 'peer',
  haproxy: 'other',
  'nginx-plain': 'third',
}
const names: Readonly<Record<string, string>> = {
  fairway: 'Fairway',
  'nginx-tls': 'nginx, TLS',
  'nginx-plain': 'nginx, plaintext',
  haproxy: 'HAProxy, TLS',
}

/** Everybody with the same requests in flight; `direct` is no proxy. */
const hboneChart = ({ hbone }: BenchResults): Chart | undefined => {
  if (hbone === undefined) return undefined
  const byCase = Map.groupBy(hbone.suite.cases, (one) => one.case)
  const groups = [...byCase].flatMap(([name, cases]) => {
    const bars = cases.filter((one) => names[one.proxy] !== undefined && isAsBusy(one)).flatMap(cpuBar)
    return bars.length < 2 ? [] : [{ label: name.replace('hbone-', ''), bars }]
  })
  const title = 'CPU time per request, as many requests in flight for everybody'
  return { name: 'hbone', alt: title, svg: formatBars({ title, unit: 'µs', groups }) }
}

/** The peer that has a connection for each request in flight, where there are two of it. */
const isAsBusy = (one: CaseReport): boolean => {
  const [connections = 0, tunnels = 0] = (/(\d+)x(\d+)$/.exec(one.case) ?? []).slice(1).map(Number)
  return one.proxy === 'fairway' || one.connections === connections * tunnels
}

const cpuBar = ({ proxy, cpuMicrosPerRequest: cpu }: CaseReport): readonly Bar[] =>
  cpu === null ? [] : [{ label: names[proxy] ?? proxy, value: cpu.median, spread: cpu, tone: tones[proxy] ?? 'peer' }]

/** What there are goals for. */
const policyChart = ({ policy }: BenchResults): Chart | undefined => {
  if (policy === undefined) return undefined
  const groups = policy.suite.cases.flatMap((one) => {
    const bars = ratioGoalsOf(one).flatMap((figure): readonly Bar[] => {
      const { name, value, atMost: goal } = figure
      if (value === null || goal === undefined) return []
      return [{ label: name.split(',')[0] ?? name, value, goal, tone: verdictOf(figure) === 'met' ? 'good' : 'bad' }]
    })
    return bars.length === 0 ? [] : [{ label: one.case, bars }]
  })
  const title = 'Fairway ÷ nginx with TLS on both sides, same requests in flight'
  return { name: 'policy', alt: title, svg: formatBars({ title, unit: 'times', groups }) }
}

const growthChart = ({ growth }: BenchResults): Chart | undefined => {
  if (growth === undefined) return undefined
  const title = 'How the CPU time of a request grows'
  const reports = growth.suite.cases.filter((one): one is SeriesReport => 'series' in one)
  return { name: 'growth', alt: title, svg: formatLines(title, 'µs', reports) }
}

/** Parts of less than a twentieth of a microsecond are left to the table. */
const LEAST_MICROS = 0.05

const costChart = ({ cost }: BenchResults): Chart | undefined => {
  if (cost === undefined) return undefined
  const groups = cost.suite.cases
    .filter((one): one is FigureReport => 'figures' in one)
    .map(({ case: label, figures }) => ({
      label,
      bars: figures.slice(1).flatMap(({ name, value }): readonly Bar[] => {
        if (value === null || value < LEAST_MICROS) return []
        return [
          {
            label: name.replace(/ \(.*\)$/, ''),
            value,
            tone: /^(TLS|V8|Node|garbage)/.test(name) ? 'peer' : 'ours',
          },
        ]
      }),
    }))
  const title = 'What the CPU time of a request goes into (grey: not our code)'
  return { name: 'cost', alt: title, svg: formatBars({ title, unit: 'µs', groups }) }
}
