import { createOwnWords } from '../../config/own-words.ts'
import { formatObject } from '../../config/format-object.ts'
import { escapeControl, formatIssue, formatPosition } from '../../lib/format-issue.ts'
import { hideSecrets } from '../../lib/secrets/hide-secrets.ts'
import { isFault, type Condition } from '../../model/condition.ts'
import type { Colours } from '../terminal/colours.ts'
import { formatTitled, type Look } from '../terminal/print-as.ts'
import type { Cell } from '../terminal/table.ts'
import type { SelectedStatus } from './select-items.ts'
import { issuesOf, summarize } from './status-document.ts'
import { hasFindings, type StatusItem } from './status-report.ts'

/** The report for people: a table, objects with findings first; a summary; each finding with its place. */
export const formatStatus = (status: SelectedStatus, look: Look): string => {
  const { colours, isWide } = look
  const items = [...status.items.filter(hasFindings), ...status.items.filter((item) => !hasFindings(item))]
  const ownWords = createOwnWords(issuesOf(status))
  const rows = items.flatMap((item) => (isWide ? wideRows(item, colours) : [briefRow(item, { colours, ownWords })]))
  const table = rows.length === 0 ? '' : formatTitled(isWide ? wideTitles : briefTitles, rows, look)
  const findings = formatFindings(status, ownWords)
  return [
    table,
    `${table === '' ? '' : '\n'}${formatSummary(status, colours)}\n`,
    ...(findings.length === 0 ? [] : ['\n', ...findings.map((line) => `${line}\n`)]),
  ].join('')
}

const briefTitles = ['KIND', 'NAME', 'PARENT', 'ACCEPTED', 'RESOLVEDREFS', 'OTHER', 'MESSAGE']
const wideTitles = ['KIND', 'NAME', 'PARENT', 'ACCEPTED', 'RESOLVEDREFS', 'OTHER', 'SOURCE', 'MESSAGE']

type OwnWords = ReturnType<typeof createOwnWords>

const briefRow = (
  item: StatusItem,
  { colours, ownWords }: { readonly colours: Colours; readonly ownWords: OwnWords },
): readonly Cell[] => {
  const { conditions } = item
  const [parent = '-', ...more] = new Set(conditions.flatMap((condition) => condition.parent ?? []))
  return [
    ...nameCells(item, colours),
    { text: more.length === 0 ? parent : `${parent} and ${more.length} more` },
    stateCell(conditions, 'Accepted', { colours, isWide: false }),
    stateCell(conditions, 'ResolvedRefs', { colours, isWide: false }),
    otherCell(conditions, { colours, isWide: false }),
    // The single faults stand below; an object of which nothing could be read has no other words.
    { text: messageOf(item, conditions, (condition) => ownWords(condition) || condition.message) },
  ]
}

const wideRows = (item: StatusItem, colours: Colours): readonly (readonly Cell[])[] => {
  const byParent = Map.groupBy(item.conditions, ({ parent }) => parent)
  const groups = byParent.size === 0 ? [[undefined, []] as const] : [...byParent]
  return groups.map(([parent, conditions]) => {
    const position = conditions.find((condition) => isFault(condition))?.position ?? item.source
    return [
      ...nameCells(item, colours),
      { text: parent ?? '-' },
      stateCell(conditions, 'Accepted', { colours, isWide: true }),
      stateCell(conditions, 'ResolvedRefs', { colours, isWide: true }),
      otherCell(conditions, { colours, isWide: true }),
      { text: position === undefined ? '-' : formatPosition(position) },
      { text: messageOf(item, conditions, ({ message }) => message) },
    ]
  })
}

const nameCells = ({ object }: StatusItem, colours: Colours): readonly Cell[] => [
  { text: escapeControl(object.kind) },
  {
    text: escapeControl(object.namespace === '' ? object.name : `${object.namespace}/${object.name}`),
    paint: colours.bold,
  },
]

interface CellLook {
  readonly colours: Colours
  readonly isWide: boolean
}

/** What the conditions of one type come to, over all parents: `True`, `False`, `1 of 2` of them. */
const stateCell = (conditions: readonly Condition[], type: Condition['type'], { colours, isWide }: CellLook): Cell => {
  const states = conditions.filter((condition) => condition.type === type)
  const [first] = states
  if (first === undefined) return { text: '-', paint: colours.dim }
  const good = states.filter((condition) => condition.status === 'True').length
  if (good === states.length) return { text: 'True', paint: colours.green }
  if (good > 0) return { text: `${good} of ${states.length}`, paint: colours.yellow }
  return { text: isWide ? `${first.status} (${first.reason})` : first.status, paint: colours.red }
}

const otherCell = (conditions: readonly Condition[], { colours, isWide }: CellLook): Cell => {
  const others = conditions.filter(({ type }) => type !== 'Accepted' && type !== 'ResolvedRefs')
  if (others.length === 0) return { text: '-', paint: colours.dim }
  const texts = others.map(({ type, status, reason }) => {
    const name = status === 'True' ? type : `${type}=${status}`
    return isWide ? `${name} (${reason})` : name
  })
  return { text: [...new Set(texts)].join(', '), paint: others.some(isFault) ? colours.yellow : colours.green }
}

/** The first bad news in short; of the good the first will do. */
const messageOf = (
  { issues }: StatusItem,
  conditions: readonly Condition[],
  wordsOf: (condition: Condition) => string,
): string => {
  const condition = conditions.find((candidate) => isFault(candidate))
  if (condition !== undefined) return clean(wordsOf(condition))
  const [issue] = issues
  if (issue !== undefined) {
    const more = issues.length === 1 ? '' : `; ${issues.length - 1} more`
    return clean(`${issue.path === undefined ? '' : `${issue.path}: `}${issue.message}${more}`)
  }
  const [good] = conditions
  return good === undefined ? 'not of this waypoint: nothing refers to it here' : clean(good.message)
}

const clean = (text: string): string => escapeControl(hideSecrets(text))

const formatSummary = (status: SelectedStatus, colours: Colours): string => {
  const { objects, withFindings } = summarize(status)
  const stray = status.stray.length
  const bad = [
    ...(withFindings === 0 ? [] : [`${withFindings} with findings`]),
    ...(stray === 0 ? [] : [`${stray} in documents that are no objects`]),
  ]
  const verdict = bad.length === 0 ? colours.green('all fine') : colours.red(bad.join(', '))
  const silent = [...status.silent].map(([kind, count]) => `${count} ${kind}`)
  const quiet = silent.length === 0 ? '' : `; nothing to say of ${silent.join(', ')}`
  return `${objects} object${objects === 1 ? '' : 's'}: ${verdict}${quiet}`
}

/** Each finding in a line of its own that begins with its place, as compilers do. */
const formatFindings = (status: SelectedStatus, ownWords: OwnWords): readonly string[] => {
  const told = status.items.flatMap(({ object, conditions, issues }) => [
    ...conditions.filter(isFault).flatMap((condition) => {
      const own = ownWords(condition)
      if (own === '') return []
      const { parent, position, type, status: value, reason } = condition
      const place = position === undefined ? '' : `${formatPosition(position)}: `
      const subject = `${formatObject(object)}${parent === undefined ? '' : ` at ${parent}`}`
      return [clean(`${place}${subject}: ${type} is ${value} (${reason}): ${own}`)]
    }),
    ...issues.map(formatIssue),
  ])
  return [...told, ...status.stray.map(formatIssue)]
}
