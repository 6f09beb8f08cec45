import { printable } from '../terminal/printable.ts'
import { formatTitled, type Look } from '../terminal/print-as.ts'
import type { Cell } from '../terminal/table.ts'
import type { MirrorRow, MirrorsDocument } from './mirrors-document.ts'

/** A row for each mirror that is compared, and below them what is different, mirror by mirror. */
export const formatMirrors = ({ comparisons }: MirrorsDocument, options: Look): string => {
  if (comparisons.length === 0) return 'no answers of mirrors are compared: no MirrorComparison is in force\n'
  const outcomes = formatTitled(
    ['MIRROR', 'COMPARISON', 'STATE', 'SAME', 'DIFFERENT', 'LEARNING', 'UNANSWERED', 'SKIPPED'],
    comparisons.map((row) => rowOf(row, options)),
    options,
  )
  return [outcomes, ...comparisons.flatMap((row) => formatFound(row, options))].join('\n')
}

const rowOf = ({ mirror, comparison, state, noise, outcomes }: MirrorRow, { colours }: Look): readonly Cell[] => {
  const { same, different, learning, unanswered, skipped } = outcomes
  const share = same + different === 0 ? 0 : different / (same + different)
  return [
    { text: mirror },
    { text: comparison },
    state === 'judging'
      ? { text: state }
      : { text: `${state} ${noise.samples}/${noise.wanted}`, paint: colours.yellow },
    { text: String(same) },
    different === 0 ? { text: '0' } : { text: `${different} (${formatShare(share)})`, paint: colours.red },
    ...[learning, unanswered, skipped].map((count) => ({ text: String(count) })),
  ]
}

/** Two digits that mean something. */
const formatShare = (share: number): string => `${Number((share * 100).toPrecision(2))} %`

/** What differs at one mirror, and where noise may hide that it does; nothing where nothing does. */
const formatFound = (row: MirrorRow, options: Look): readonly string[] => {
  const { mirror, origin, differences, noise, omitted } = row
  const suspects = noise.paths.filter(({ isSuspect }) => isSuspect)
  if (differences.length + suspects.length === 0) return []
  const { bold, yellow, dim } = options.colours
  const table = formatTitled(
    ['TIMES', 'PLACE', 'DIFFERENT', 'PRIMARY', 'MIRROR', 'LAST SEEN'],
    differences.map(({ path, kind, count, example }) =>
      [
        String(count),
        path,
        kind,
        example.primary ?? '-',
        example.mirror ?? '-',
        `${example.method} ${example.path}`,
      ].map((text) => ({ text: printable(text) })),
    ),
    options,
  )
  return [
    [
      `${bold(mirror)} ${dim(origin)}\n`,
      ...(differences.length === 0 ? [] : [table]),
      ...(omitted === 0 ? [] : [`and ${omitted} at other places\n`]),
      ...suspects.map(({ path, kind, primary, mirror: rate }) => {
        const rates = `the mirror differs in ${formatShare(rate)}, the primary from itself in ${formatShare(primary)}`
        return yellow(`noise that may hide a mistake: ${printable(path)} (${kind}): ${rates}`) + '\n'
      }),
    ].join(''),
  ]
}
