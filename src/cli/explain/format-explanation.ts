import { escapeControl } from '../../lib/format-issue.ts'
import { formatTitled, type Look } from '../terminal/print-as.ts'
import { formatTable, type Cell } from '../terminal/table.ts'
import type { ExplanationDocument } from './explanation-document.ts'

/** The answer for people: what was asked, the verdict, who gets it, and each step of the decision. */
export const formatExplanation = (document: ExplanationDocument, look: Look): string =>
  [formatHead(document, look), formatBackends(document, look), formatReasons(document, look)]
    .filter((part) => part !== '')
    .join('\n')

const formatHead = (document: ExplanationDocument, { colours }: Look): string => {
  const { request, isServed, verdict, waypoint, service, tunnel, path } = document
  const mark = isServed ? colours.green('✓') : colours.red('×')
  const client = request.from === undefined ? '' : colours.dim(`  from ${escapeControl(request.from)}`)
  const rows = [
    ['waypoint', waypoint],
    ['address', request.authority],
    ['service', service],
    ['tunnel', tunnel === 'sniff' ? 'what its first bytes say' : tunnel],
    ['path', path],
  ] as const
  const cells = rows.flatMap(([name, text]) =>
    text === undefined ? [] : [[{ text: `  ${name}`, paint: colours.dim }, { text: escapeControl(text) }]],
  )
  const title = colours.bold(escapeControl(request.title))
  return `${title}${client}\n${mark} ${escapeControl(verdict)}\n${formatTable(cells)}`
}

const formatBackends = ({ backends }: ExplanationDocument, { colours }: Look): string => {
  if (backends.length === 0) return ''
  const sum = backends.reduce((total, { weight }) => total + weight, 0)
  const rows = backends.map(({ name, weight, endpoints, isInvalid }): readonly Cell[] => [
    { text: `  ${escapeControl(name)}`, ...(isInvalid === true ? { paint: colours.red } : {}) },
    { text: String(weight) },
    { text: sum === 0 ? '-' : `${Number(((100 * weight) / sum).toFixed(1))} %` },
    { text: String(endpoints), ...(endpoints === 0 ? { paint: colours.yellow } : {}) },
  ])
  return formatTitled(['  BACKEND', 'WEIGHT', 'SHARE', 'ENDPOINTS'], rows, { colours, maxWidth: undefined })
}

const formatReasons = ({ reasons }: ExplanationDocument, { colours, maxWidth }: Look): string =>
  `${colours.dim('Why')}\n${reasons.map((reason) => wrap(escapeControl(reason), maxWidth)).join('')}`

const INDENT = 4

/** A reason with a dash before it, broken between words. */
const wrap = (text: string, maxWidth = Infinity): string => {
  const room = Math.max(maxWidth - INDENT, 20)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  lines.push(line)
  return lines.map((part, index) => `${index === 0 ? '  - ' : '    '}${part}\n`).join('')
}
