/** Text in a table; `paint` colours it after it was measured. */
export interface Cell {
  readonly text: string
  readonly paint?: (text: string) => string
}

export interface TableOptions {
  /** Lines are cut there, which only a terminal wants; default: they are as long as they are. */
  readonly maxWidth?: number
}

const GAP = 2

/** Rows with their columns aligned, a line each; the last column is not padded. */
export const formatTable = (rows: readonly (readonly Cell[])[], { maxWidth = Infinity }: TableOptions = {}): string => {
  const widths: number[] = []
  for (const row of rows) {
    for (const [index, { text }] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, text.length)
  }
  return rows.map((row) => `${formatRow(row, { widths, maxWidth })}\n`).join('')
}

const formatRow = (
  row: readonly Cell[],
  { widths, maxWidth }: { readonly widths: readonly number[]; readonly maxWidth: number },
): string => {
  let line = ''
  let used = 0
  for (const [index, { text, paint = plain }] of row.entries()) {
    const room = maxWidth - used
    if (room <= 0) break
    const shown = text.length <= room ? text : `${text.slice(0, Math.max(room - 1, 0))}…`
    const width = index === row.length - 1 ? 0 : (widths[index] ?? 0) + GAP
    line += paint(shown) + ' '.repeat(Math.max(width - shown.length, 0))
    used += Math.max(width, shown.length)
  }
  return line.trimEnd()
}

const plain = (text: string): string => text
