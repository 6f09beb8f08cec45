/** Tables of Markdown with columns as wide as their widest cell, as the formatter of this repository has them. */
export const alignTables = (text: string): string =>
  text.replaceAll(/(?:^\|.*\|$\n?)+/gm, (table) => `${alignTable(table.trimEnd())}${table.endsWith('\n') ? '\n' : ''}`)

const alignTable = (table: string): string => {
  const rows = table.split('\n').map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  )
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.filter((_row, index) => index !== 1).map((row) => lengthOf(row[column]))),
  )
  return rows
    .map((row, index) => {
      const cells = widths.map((width, column) => {
        const cell = row[column] ?? ''
        return index === 1 ? '-'.repeat(width) : cell + ' '.repeat(width - lengthOf(cell))
      })
      return `| ${cells.join(' | ')} |`
    })
    .join('\n')
}

/** In characters as people count them, as far as these tables have any that are more than one to the machine. */
const lengthOf = (cell = ''): number => Array.from(cell).length
