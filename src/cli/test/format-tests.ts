import { escapeControl } from '../../lib/format-issue.ts'
import type { Colours } from '../terminal/colours.ts'
import type { TestDocument, TestRow } from './test-document.ts'

/** The report for people: a line for each test, below it what is otherwise than expected, and how much was asked for. */
export const formatTests = ({ tests, summary }: TestDocument, colours: Colours): string => {
  const byFile = [...Map.groupBy(tests, ({ file }) => file)]
  const lists = byFile.map(([file, rows]) => {
    const lines = rows.map((row) => formatRow(row, colours))
    return `${colours.bold(escapeControl(file))}\n${lines.join('')}`
  })
  return `${lists.join('\n')}\n${formatSummary(summary, colours)}`
}

const formatRow = ({ file, line, what, request, failures }: TestRow, colours: Colours): string => {
  if (failures.length === 0) return `  ${colours.green('✓')} ${escapeControl(what)}\n`
  const place = line === 0 ? '' : colours.dim(`  ${file}:${line}`)
  const about = request === undefined ? [] : [`      ${colours.dim(escapeControl(request))}\n`]
  const lines = failures.map((failure) => `      ${escapeControl(failure)}\n`)
  return `  ${colours.red('×')} ${escapeControl(what)}${place}\n${[...about, ...lines].join('')}`
}

/** How many rules are named. */
const MAX_RULES = 10

const formatSummary = ({ tests, failed, rules, untestedRules }: TestDocument['summary'], colours: Colours): string => {
  const counts = `${tests - failed} of ${tests} passed`
  const head = failed === 0 ? colours.green(counts) : colours.red(`${counts}, ${failed} failed`)
  if (rules === 0) return `${head}\n`
  const asked = `${rules - untestedRules.length} of ${rules} rules of routes and policies were asked for`
  const named = untestedRules.slice(0, MAX_RULES).map((rule) => `  not ${escapeControl(rule)}\n`)
  const more = untestedRules.length - MAX_RULES
  return `${head}; ${asked}\n${named.map((line) => colours.dim(line)).join('')}${more > 0 ? `  and ${more} more\n` : ''}`
}

/** As JUnit's XML, which build servers read. */
export const formatJunit = ({ tests, summary }: TestDocument): string => {
  const cases = tests.map(({ file, line, what, request, failures }) => {
    const place = line === 0 ? '' : ` line="${line}"`
    const open = `    <testcase classname="${xml(file)}" name="${xml(what)}" file="${xml(file)}"${place}`
    if (failures.length === 0) return `${open}/>\n`
    const [first = ''] = failures
    const text = [...(request === undefined ? [] : [request]), ...failures].join('\n')
    return `${open}>\n      <failure message="${xml(first)}">${xml(text)}</failure>\n    </testcase>\n`
  })
  const counts = `tests="${summary.tests}" failures="${summary.failed}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts}>\n  <testsuite name="fairway" ${counts}>\n${cases.join('')}  </testsuite>\n</testsuites>\n`
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** What XML 1.0 cannot hold is left out. */
const xml = (text: string): string =>
  text
    .replace(/[^\t\n\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replace(/[&<>"]/g, (char) => entities[char] ?? '')
