import { formatValue, ratioGoalsOf, topologiesOf, verdictOf } from './report.ts'
import type { BenchDocument, CaseReport, FigureReport, MicroReport, SuiteReport } from './report.ts'

/** The document's tables as they stand in docs/performance.md. */
export const formatMarkdown = (document: BenchDocument): string => {
  const { machine, date, settings } = document
  const versions = new Map<string, string>()
  for (const { proxy, version } of document.suites.flatMap((suite) => suite.cases)) {
    if (version !== undefined && proxy !== 'direct') versions.set(proxy, version)
  }
  const about = [
    `${date.slice(0, 10)}, ${machine.cpu}, ${machine.cpus} CPUs, Linux ${machine.kernel}, Node ${machine.node}`,
    ...[...versions].map(([proxy, version]) => `${proxy} ${version}`),
    `${settings.pairs} pairs of ${settings.seconds} s`,
    `load before the run ${machine.loadBefore}`,
    machine.isPinned ? 'the proxy alone on one CPU' : 'processes not bound to CPUs',
  ].join('; ')
  const tables = document.suites.map(tableOf)
  return [`${about}.`, ...tables].join('\n\n')
}

const tableOf = ({ cases }: SuiteReport): string => {
  if (cases.some(isMicro)) return microTable(cases)
  return cases.some(hasFigures) ? figureTable(cases) : caseTable(cases)
}

const caseTable = (cases: readonly CaseReport[]): string => {
  const hasUnits = cases.some((one) => one.unit !== undefined)
  const head = [
    ...['case', 'proxy', 'client connections'],
    ...(hasUnits ? ['per', 'CPU µs (min–max)', 'rate/s'] : ['CPU µs per request (min–max)', 'requests/s']),
    ...['p50 / p99 ms', 'paced: rate, p50 / p99 ms', 'peak RSS MB'],
  ]
  const topologies = Array.from(topologiesOf(cases), ([proxy, what]) => `- ${proxy}: ${what}`).join('\n')
  const rows = formatRows([head, ...cases.map((one) => caseRow(one, hasUnits))])
  return [rows, ...ratioTables(cases), ...(topologies === '' ? [] : [topologies])].join('\n\n')
}

const caseRow = (one: CaseReport, hasUnits: boolean): readonly string[] => [
  one.case,
  one.proxy,
  text(one.connections),
  ...(hasUnits ? [one.unit ?? 'request'] : []),
  one.cpuMicrosPerRequest === null
    ? `– (${one.why ?? 'not measured'})`
    : `${one.cpuMicrosPerRequest.median} (${one.cpuMicrosPerRequest.min}–${one.cpuMicrosPerRequest.max})`,
  text(one.requestsPerSecond),
  one.latencyMs === null ? '–' : `${one.latencyMs.p50} / ${one.latencyMs.p99}`,
  one.paced ? `${one.paced.ratePerSecond}/s, ${one.paced.latencyMs.p50} / ${one.paced.latencyMs.p99}` : '–',
  text(one.peakRssMb),
]

const ratioTables = (cases: readonly CaseReport[]): readonly string[] => {
  const goals = cases.flatMap((one) =>
    ratioGoalsOf(one).map(
      (goal) => `- ${one.case}: ${goal.name} ${text(goal.value)}, at most ${goal.atMost}: ${verdictOf(goal)}`,
    ),
  )
  return [ratioTable(cases), goals.join('\n')].filter((part) => part !== '')
}

const ratioTable = (cases: readonly CaseReport[]): string => {
  const compared = cases.filter((one) => one.ratio !== undefined)
  if (compared.length === 0) return ''
  const rows = compared.map((one) => [
    one.case,
    withSpread(one.ratio?.nginxTls, one.pairRatio?.nginxTls),
    withSpread(one.ratio?.nginxPlain, one.pairRatio?.nginxPlain),
    text(one.ratioAtSameConcurrency?.nginxTls),
    text(one.ratioAtSameConcurrency?.nginxPlain),
  ])
  const head = [
    'case',
    '÷ nginx TLS, same connections',
    '÷ nginx plain, same connections',
    '÷ nginx TLS, same requests in flight',
    '÷ nginx plain, same requests in flight',
  ]
  return formatRows([head, ...rows])
}

const withSpread = (
  ratio: number | null | undefined,
  spread: { readonly min: number; readonly max: number } | null | undefined,
): string => (spread ? `${text(ratio)} (${spread.min}–${spread.max})` : text(ratio))

const microTable = (cases: readonly CaseReport[]): string =>
  formatRows([['operation', 'ns'], ...cases.map((one) => [one.case, isMicro(one) ? text(one.nanosPerOperation) : '–'])])

const figureTable = (cases: readonly CaseReport[]): string => {
  const rows = cases.flatMap((one) => {
    if (!hasFigures(one)) return [[one.case, one.why ?? 'not measured', '–', '', '']]
    return one.figures.map((figure) => {
      const goal = figure.atMost === undefined ? '' : `≤ ${figure.atMost}`
      return [one.case, figure.name, formatValue(figure), goal, verdictOf(figure)]
    })
  })
  const notes = cases.flatMap((one) =>
    hasFigures(one) ? (one.notes ?? []).map((note) => `- ${one.case}: ${note}`) : [],
  )
  return [formatRows([['case', 'figure', 'value', 'goal', ''], ...rows]), ...notes].join('\n\n')
}

const hasFigures = (one: CaseReport): one is FigureReport => 'figures' in one

const isMicro = (one: CaseReport): one is MicroReport => 'nanosPerOperation' in one

const text = (value: number | null | undefined): string => (value === null || value === undefined ? '–' : String(value))

const formatRows = (rows: readonly (readonly string[])[]): string => {
  const lines = rows.map(
    (row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`,
  )
  lines.splice(1, 0, `|${'---|'.repeat(rows[0]?.length ?? 0)}`)
  return lines.join('\n')
}
