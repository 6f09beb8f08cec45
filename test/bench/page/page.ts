/**
 * docs/performance.md is written by people, and what stands in it between `<!-- bench:NAME -->` and `<!-- /bench -->` is
 * made from what was measured. A part whose suite has no result stays as it is.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatMarkdown } from '../markdown.ts'
import { formatValue, ratioGoalsOf, verdictOf } from '../report.ts'
import type { CaseReport, Figure } from '../report.ts'
import { alignTables } from './align-tables.ts'
import { createCharts, type Chart } from './charts.ts'
import { formatSummary } from './summary.ts'
import { readResults, RESULTS_FILE, type BenchResults } from './results.ts'

const PAGE = 'docs/performance.md'
const FOLDER = 'performance'

/** The page and its pictures, for the repository at `root`, by their paths in it. */
export const createPerformanceFiles = (root: string): readonly { readonly path: string; readonly text: string }[] => {
  const results = readResults(join(root, RESULTS_FILE))
  const charts = createCharts(results)
  return [
    { path: PAGE, text: renderPage(readFileSync(join(root, PAGE), 'utf8'), results, charts) },
    ...charts.map(({ name, svg }) => ({ path: `docs/${FOLDER}/${name}.svg`, text: svg })),
  ]
}

/** The text with what is made of the results in its places. */
export const renderPage = (text: string, results: BenchResults, charts: readonly Chart[]): string =>
  text.replaceAll(/<!-- bench:([\w-]+) -->\n.*?<!-- \/bench -->/gs, (whole, name: string) => {
    const made = placeText(results, charts, name)
    return made === undefined ? whole : `<!-- bench:${name} -->\n\n${alignTables(made)}\n\n<!-- /bench -->`
  })

const placeText = (results: BenchResults, charts: readonly Chart[], name: string): string | undefined => {
  switch (name) {
    case 'summary':
      return formatSummary(results)
    case 'goals':
      return goalsOf(results)
    default:
      return suiteText(results, charts, name)
  }
}

const suiteText = (results: BenchResults, charts: readonly Chart[], name: string): string | undefined => {
  const result = results[name]
  if (result === undefined) return undefined
  const chart = charts.find((one) => one.name === name)
  const picture = chart === undefined ? [] : [`![${chart.alt}](${FOLDER}/${chart.name}.svg)`]
  return [...picture, formatMarkdown({ ...result, suites: [result.suite] })].join('\n\n')
}

/** Every goal of every suite that was measured: first those that were missed. */
const goalsOf = (results: BenchResults): string | undefined => {
  const rows = Object.values(results).flatMap(({ suite, date }) =>
    suite.cases.flatMap((one) => figuresOf(one).map((figure) => ({ case: one.case, figure, date }))),
  )
  if (rows.length === 0) return undefined
  const sorted = rows.toSorted((a, b) => Number(isMet(a.figure)) - Number(isMet(b.figure)))
  const lines = sorted.map(
    ({ case: name, figure, date }) =>
      `| ${name} | ${figure.name} | ${formatValue(figure)} | ≤ ${figure.atMost} | ${isMet(figure) ? 'met' : '**missed**'} | ${date.slice(0, 10)} |`,
  )
  return ['| case | figure | value | goal | | measured |', '|---|---|---|---|---|---|', ...lines].join('\n')
}

const figuresOf = (one: CaseReport | (CaseReport & { readonly figures: readonly Figure[] })): readonly Figure[] => [
  ...ratioGoalsOf(one),
  ...('figures' in one ? one.figures.filter(({ atMost }) => atMost !== undefined) : []),
]

const isMet = (figure: Figure): boolean => verdictOf(figure) === 'met'
