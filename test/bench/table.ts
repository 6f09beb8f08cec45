import { formatValue, ratioGoalsOf, topologiesOf, verdictOf } from './report.ts'
import type { BenchDocument, CaseReport, MicroReport, SuiteReport } from './report.ts'

/** Colours a text, or leaves it as it is. */
export type Paint = (style: 'bold' | 'dim' | 'red' | 'green' | 'yellow', text: string) => string

/** With a column for what is counted, where that is not requests. */
const columnsOf = (hasUnits: boolean): readonly string[] => [
  ...['case', 'proxy', 'conns'],
  ...(hasUnits ? ['per', 'rate/s', 'CPU µs'] : ['req/s', 'CPU µs/req']),
  ...['min–max', 'p50 ms', 'p99 ms', 'RSS MB', '× nginx TLS', '× plain'],
]

/** The document for people: a table per suite. */
export const formatTable = (document: BenchDocument, paint: Paint): string => {
  const { machine, date } = document
  const pinning = machine.isPinned ? 'proxy on a CPU of its own' : 'not pinned'
  const head = `${date} · ${machine.cpu} × ${machine.cpus} · Node ${machine.node} · load ${machine.loadBefore} · ${pinning}`
  const parts = document.suites.map((suite) => {
    const notes = suite.cases.flatMap((one) => notesOf(one).map((note) => paint('yellow', `  ${one.case}: ${note}`)))
    const topologies = Array.from(topologiesOf(suite.cases), ([proxy, what]) => paint('dim', `  ${proxy}: ${what}`))
    const rows = rowsOf(suite.cases)
    return [paint('bold', suite.suite), ...alignRows(rows, paint), ...topologies, ...notes].join('\n')
  })
  return [paint('dim', head), ...parts].join('\n\n')
}

const rowsOf = (cases: SuiteReport['cases']): readonly (readonly string[])[] => {
  if (cases.some((one) => 'nanosPerOperation' in one)) return microRows(cases)
  if (cases.some((one) => 'figures' in one)) return figureRows(cases)
  const hasUnits = cases.some((one) => one.unit !== undefined)
  return [columnsOf(hasUnits), ...cases.map((one) => caseRow(one, hasUnits))]
}

const notesOf = (one: SuiteReport['cases'][number]): readonly string[] => [
  ...goalNotes(one),
  ...('figures' in one ? (one.notes ?? []) : []),
  ...(one.why === undefined ? [] : [one.why]),
]

const goalNotes = (one: CaseReport): readonly string[] =>
  ratioGoalsOf(one).map((goal) => `${goal.name}: ${text(goal.value)}, at most ${goal.atMost}: ${verdictOf(goal)}`)

const figureRows = (cases: SuiteReport['cases']): readonly (readonly string[])[] => [
  ['case', 'figure', 'value', 'goal', ''],
  ...cases.flatMap((one) =>
    ('figures' in one ? one.figures : []).map((figure) => {
      const goal = figure.atMost === undefined ? '' : `≤ ${figure.atMost}`
      return [one.case, figure.name, formatValue(figure), goal, verdictOf(figure)]
    }),
  ),
]

const caseRow = (one: CaseReport, hasUnits: boolean): readonly string[] => {
  const cpu = one.cpuMicrosPerRequest
  const latencyMs = one.latencyMs ?? one.paced?.latencyMs
  return [
    one.case,
    one.proxy,
    text(one.connections),
    ...(hasUnits ? [one.unit ?? 'request'] : []),
    text(one.requestsPerSecond),
    text(cpu?.median),
    cpu === null ? '–' : `${cpu.min}–${cpu.max}`,
    text(latencyMs?.p50),
    text(latencyMs?.p99),
    text(one.peakRssMb),
    bothRatios(one, 'nginxTls'),
    bothRatios(one, 'nginxPlain'),
  ]
}

/** At the same number of connections, and after the slash at the same number of requests in flight. */
const bothRatios = (one: CaseReport, peer: 'nginxTls' | 'nginxPlain'): string => {
  if (one.ratio === undefined) return ''
  return `${text(one.ratio[peer])} / ${text(one.ratioAtSameConcurrency?.[peer])}`
}

const microRows = (cases: readonly (CaseReport | MicroReport)[]): readonly (readonly string[])[] => [
  ['operation', 'ns'],
  ...cases.map((one) => [one.case, text('nanosPerOperation' in one ? one.nanosPerOperation : null)]),
]

const text = (value: number | null | undefined): string => (value === null || value === undefined ? '–' : String(value))

/** Names to the left, figures to the right. */
const alignRows = (rows: readonly (readonly string[])[], paint: Paint): readonly string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row, i) => {
    const line = row
      .map((cell, column) => {
        const isName = !/^[\d–]/.test(rows[1]?.[column] ?? '') || column === 0
        return isName ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
      })
      .join('  ')
      .trimEnd()
    if (i === 0) return paint('dim', line)
    return row[1] === 'fairway' ? paint('green', line) : line
  })
}
