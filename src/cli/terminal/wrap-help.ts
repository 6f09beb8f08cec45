/** Below, what is broken into lines is harder to read than what the terminal breaks itself. */
const MIN_COLUMNS = 60
/** Prose is written in lines of up to this; one that its next word would have made longer goes on in the next line. */
const WRITTEN_COLUMNS = 117
/** What stands beside a flag or an example, and where it begins. */
const BESIDE = /^( {2,}\S(?:.*?\S)?) {2,}(?=\S)/
/** An explanation is never squeezed into less than this: it goes below then. */
const MIN_BESIDE = 24
const BELOW = ' '.repeat(8)
/** So begins what belongs to the example above it, which was too long to have it beside. */
const ALONE = ' '.repeat(16)

/**
 * A help text for a screen of so many columns: explanations go on in their own column, prose from line to line. Commands
 * stay in one piece, to be copied.
 */
export const wrapHelp = (text: string, columns: number): string => {
  const lines = text.split('\n')
  if (columns < MIN_COLUMNS || lines.every((line) => line.length <= columns)) return text
  return joinProse(lines)
    .flatMap((line) => wrapLine(line, columns))
    .join('\n')
}

/** Paragraphs whose lines are as long as they were to be become one line each. */
const joinProse = (lines: readonly string[]): readonly string[] => {
  const joined: string[] = []
  let last = ''
  for (const line of lines) {
    const isFull = last.length + 1 + line.split(' ', 1).join('').length > WRITTEN_COLUMNS
    const goesOn = isProse(last) && isProse(line) && isFull
    if (goesOn) joined.push(`${joined.pop() ?? ''} ${line}`)
    else joined.push(line)
    last = line
  }
  return joined
}

const isProse = (line: string): boolean => /^\S/.test(line)

const wrapLine = (line: string, columns: number): readonly string[] => {
  if (line.length <= columns) return [line]
  if (isProse(line)) return fill(line, '', columns)
  if (line.startsWith(ALONE)) return fill(BELOW + line.trimStart(), BELOW, columns)
  const beside = BESIDE.exec(line)
  // A command.
  if (beside === null) return [line]
  const [before, what = ''] = beside
  const rest = line.slice(before.length)
  if (columns - before.length < MIN_BESIDE) return [what, ...fill(`${BELOW}${rest}`, BELOW, columns)]
  return fill(line, ' '.repeat(before.length), columns)
}

/** Breaks a line between words; those after the first begin with `indent`. What stands there in the first is kept. */
const fill = (line: string, indent: string, columns: number): readonly string[] => {
  const [first = '', ...words] = line.slice(indent.length).split(' ')
  const filled = [line.slice(0, indent.length) + first]
  for (const word of words) {
    const last = filled.at(-1) ?? ''
    if (last.length + 1 + word.length > columns) filled.push(indent + word)
    else filled[filled.length - 1] = `${last} ${word}`
  }
  return filled
}
