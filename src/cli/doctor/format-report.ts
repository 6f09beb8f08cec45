import { formatObject } from '../../config/format-object.ts'
import type { Colours } from '../terminal/colours.ts'
import { sections, type Level } from './check.ts'
import { cleanText } from './clean-text.ts'
import { bySection, countLevels, type CheckResult, type LevelledFinding, type Report } from './run-checks.ts'

export interface ReportLook {
  readonly colours: Colours
  /** Lines are broken there; `undefined`: nowhere. */
  readonly maxWidth: number | undefined
}

/** Where codes are explained. */
const REFERENCE = 'docs/reference/doctor-codes.md'

/** A heading for each section, a line for each check, findings below theirs, and what it comes to at the end. */
export const formatReport = (report: Report, look: ReportLook): string => {
  const { colours } = look
  const parts = bySection(report).map(([section, results]) => {
    const title = sections[section]
    const lines = results.flatMap((result) => formatResult(result, look))
    return [colours.bold(title), colours.dim('─'.repeat(title.length)), ...lines, ''].join('\n')
  })
  return `${parts.join('\n')}\n${formatSummary(report, colours)}\n`
}

/** A line for each finding, and what it comes to. */
export const formatShort = (report: Report, { colours }: ReportLook): string => {
  const findings = report.results.flatMap((result) => result.findings)
  const lines = findings.map((finding) => `${sign(finding.level, colours)} ${formatFinding(finding, colours)}\n`)
  return `${lines.join('')}${formatSummary(report, colours)}\n`
}

/** `3 errors, 1 warning` or `all fine`, in numbers. */
export const formatCounts = (report: Report): string => {
  const { error, warning, info } = countLevels(report)
  const words = [count(error, 'error'), count(warning, 'warning'), count(info, 'note')].filter((word) => word !== '')
  return words.length === 0 ? 'all fine' : words.join(', ')
}

const count = (number: number, word: string): string =>
  number === 0 ? '' : `${number} ${word}${number === 1 ? '' : 's'}`

const formatSummary = (report: Report, colours: Colours): string => {
  const { error, warning, info } = countLevels(report)
  const paint = error > 0 ? colours.red : warning > 0 ? colours.yellow : colours.green
  const { suppressed, results } = report
  const left = suppressed === 0 ? '' : `; ${count(suppressed, 'finding')} left out by --suppress`
  const explained =
    error + warning + info === 0 ? '' : `\nfairway doctor --explain CODE says more of each; so does ${REFERENCE}`
  return `${results.length} checks: ${paint(formatCounts(report))}${left}${colours.dim(explained)}`
}

const formatResult = (result: CheckResult, look: ReportLook): readonly string[] => {
  const { check, state, detail, findings } = result
  const { colours } = look
  const beside = detail === undefined || detail === '' ? '' : colours.dim(`  ${cleanText(detail)}`)
  const line = `${sign(state, colours)} ${check.title}${beside}`
  return [line, ...findings.flatMap((finding) => formatBelow(finding, look))]
}

/** What it is about and what is wrong, and on a line of its own what to do next. */
const formatBelow = (finding: LevelledFinding, { colours, maxWidth }: ReportLook): readonly string[] => {
  const text = [finding.code, ...subjectOf(finding), cleanText(finding.message)].join(' ')
  const [first = '', ...rest] = breakLines(text, maxWidth === undefined ? undefined : maxWidth - INDENT - 2)
  const painted = `${paintOf(finding.level, colours)(first.slice(0, finding.code.length))}${first.slice(finding.code.length)}`
  const indent = ' '.repeat(INDENT)
  return [
    `${indent}${painted}`,
    ...rest.map((line) => `${indent}  ${line}`),
    // Whoever copies a command wants it in one piece.
    ...(finding.next === undefined ? [] : [`${indent}  ${colours.dim('→')} ${colours.cyan(cleanText(finding.next))}`]),
  ]
}

const INDENT = 4

const formatFinding = (finding: LevelledFinding, colours: Colours): string =>
  [paintOf(finding.level, colours)(finding.code), ...subjectOf(finding), cleanText(finding.message)].join(' ')

const subjectOf = ({ object }: LevelledFinding): readonly string[] =>
  object === undefined ? [] : [`${cleanText(formatObject(object))}:`]

const sign = (state: CheckResult['state'], colours: Colours): string => {
  switch (state) {
    case 'passed':
      return colours.green('✓')
    case 'skipped':
      return colours.dim('-')
    case 'info':
      return colours.cyan('i')
    case 'warning':
      return colours.yellow('‼')
    case 'error':
      return colours.red('×')
  }
}

const paintOf = (level: Level, colours: Colours): ((text: string) => string) => {
  switch (level) {
    case 'info':
      return colours.cyan
    case 'warning':
      return colours.yellow
    case 'error':
      return colours.red
  }
}

/** Breaks between words; a word that is longer than a line stays whole. */
const breakLines = (text: string, width: number | undefined): readonly string[] => {
  if (width === undefined || text.length <= width) return [text]
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
