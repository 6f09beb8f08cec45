/** Pieces of Markdown that all pages of the reference are made of. */

/** What stands at the top of each page. */
export const generatedFrom = (what: string): string => `Generated from ${what} by \`npm run generate\`.`

/** A table; `|` in cells is escaped, and line breaks become blanks. */
export const formatTable = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows]
    .map((row) => `| ${row.map((cell) => escapeCell(cell)).join(' | ')} |\n`)
    .join('')

/** Text as code, whatever backticks are in it; nothing for nothing. */
export const code = (text: string): string => {
  if (text === '') return ''
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``
}

/** Text from the sources: what looks like a tag must not become one. */
export const plain = (text: string): string => text.replaceAll('<', '&lt;')

const escapeCell = (cell: string): string => cell.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')
