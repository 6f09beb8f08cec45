/** Commands in a page, as a shell would read them: enough of its grammar for what pages show. */

/** A command: its words, quotes taken off. */
export type ShellCommand = readonly string[]

/** Commands of the blocks without a language, one for each that a pipe, `&` or `;` parts from the others; no output. */
export const commandsOf = (page: string): readonly ShellCommand[] =>
  Array.from(page.matchAll(/^```\n([^]*?)^```$/gm), ([, block = '']) => split(block.replaceAll(/\\\n\s*/g, ' '))).flat()

const split = (text: string): readonly ShellCommand[] => {
  const commands: string[][] = []
  let words: string[] = []
  // A quoted text may hold line ends; whitespace before a # begins a comment.
  const token =
    /'([^']*)'|"((?:\\.|[^"\\])*)"|((?:\\.|[^\s'"|&;<>#\\]|(?<=\S)#)+)|(#[^\n]*)|(\n|[|&;]+)|([<>]\s*\S+)|([ \t]+)/gy
  let word: string | undefined
  const endWord = (): void => {
    if (word !== undefined) words.push(word)
    word = undefined
  }
  for (const [, single, double, plain, comment, end, redirection] of text.matchAll(token)) {
    const part = single ?? double ?? plain
    if (part !== undefined) {
      word = (word ?? '') + part
      continue
    }
    endWord()
    if (comment !== undefined || redirection !== undefined || end === undefined) continue
    if (words.length > 0) commands.push(words)
    words = []
  }
  endWord()
  if (words.length > 0) commands.push(words)
  return commands
}

/** What `fairway` is given in a command; `undefined`: it is another program. */
export const fairwayArgs = (command: ShellCommand): readonly string[] | undefined => {
  const [first, second] = command
  if (first === 'fairway') return command.slice(1)
  if ((first === 'npx' || first === 'kubectl') && second === 'fairway') return command.slice(2)
  return undefined
}
