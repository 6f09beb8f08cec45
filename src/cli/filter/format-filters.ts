import type { Colours } from '../terminal/colours.ts'
import { printable } from '../terminal/printable.ts'
import { formatTitled, type Look } from '../terminal/print-as.ts'
import type { Cell } from '../terminal/table.ts'
import type { FilterRow, FiltersDocument } from './filters-document.ts'

/** A row for each version in force, and below them what has failed last. */
export const formatFilters = ({ filters }: FiltersDocument, look: Look): string => {
  if (filters.length === 0) return 'no filters of users are in force\n'
  const { colours, isWide } = look
  const rows = filters.map((filter) => rowOf(filter, look))
  const table = formatTitled([...narrow, ...(isWide ? wide : [])], rows, look)
  const failures = filters.flatMap((filter) => formatFailure(filter, colours))
  return failures.length === 0 ? table : `${table}\n${failures.join('')}`
}

const narrow = ['FILTER', 'KIND', 'VERSION', 'STATE', 'CALLS', 'FAILED', 'P50', 'MAX', 'BUDGET'] as const
const wide = ['WAIT', 'FAILURE MODE', 'ISOLATION', 'UNTIL'] as const

const rowOf = (filter: FilterRow, { colours, isWide }: Look): readonly Cell[] => {
  const { id, kind, version, state, calls, hookMs, budget } = filter
  const failed = countFailures(filter)
  return [
    { text: id },
    { text: kind },
    { text: version },
    { text: state, paint: state === 'active' ? colours.green : state === 'probation' ? colours.yellow : colours.red },
    { text: String(calls) },
    failed === 0 ? { text: '0' } : { text: String(failed), paint: colours.yellow },
    { text: hookMs.p50 === undefined ? '-' : formatMs(hookMs.p50) },
    { text: formatMs(hookMs.max), ...(hookMs.max > budget.hookMs ? { paint: colours.yellow } : {}) },
    { text: formatMs(budget.hookMs) },
    ...(isWide
      ? [formatMs(budget.waitMs), filter.failureMode, filter.isolation, filter.until ?? '-'].map((text) => ({ text }))
      : []),
  ]
}

const countFailures = ({ failures }: FilterRow): number =>
  Object.values(failures).reduce((sum, count) => sum + count, 0)

/** Three digits that mean something: `0.42µs` of a hook is as telling as `12ms`. */
const formatMs = (ms: number): string => {
  if (ms === 0) return '0'
  return ms < 0.9995 ? `${Number((ms * 1000).toPrecision(3))}µs` : `${Number(ms.toPrecision(3))}ms`
}

const formatFailure = ({ id, failures, lastFailure }: FilterRow, { red, dim }: Colours): readonly string[] => {
  if (lastFailure === undefined) return []
  const counts = Object.entries(failures)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${kind} ${count}`)
  const where = lastFailure.location === undefined ? '' : ` at ${lastFailure.location}`
  const said = printable(`${lastFailure.kind}${where}: ${lastFailure.message}`)
  return [`${id}: ${red(said)}\n  ${dim(`${lastFailure.at}; ${counts.join(', ')}`)}\n`]
}
