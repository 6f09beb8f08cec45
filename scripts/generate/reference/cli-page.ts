/** docs/reference/cli.md: every verb and flag, from the tables that parse them. */
import { exitCodeMeanings, exitCodes } from '../../../src/cli/exit-codes.ts'
import type { FlagSpec } from '../../../src/cli/flag-table.ts'
import type { Verb, VerbEntry } from '../../../src/cli/verb.ts'
import { code, formatTable, generatedFrom, plain } from './markdown.ts'

interface LoadedVerb {
  readonly name: string
  readonly summary: string
  readonly verb: Verb
}

/** The page as Markdown. */
export const formatCliPage = async (entries: readonly VerbEntry[]): Promise<string> => {
  const verbs = await loadVerbs(entries, 'fairway')
  return `# Command line

${generatedFrom('the tables of verbs and flags')} \`fairway VERB --help\` prints the same;
[completion](../guides/completion.md) is made of it, too. \`kubectl fairway …\` takes the same verbs.

${formatTable(
  ['verb', 'what it does'],
  verbs.map(({ name, summary }) => [`[${name}](#${name.replaceAll(' ', '-')})`, plain(summary)]),
)}
Data goes to stdout, everything else to stderr. \`-o json\` and \`-o yaml\` are for programs: without colours, with keys that
stay. Colours are for terminals only; \`NO_COLOR\` turns them off there, too.

## Exit codes

${formatTable(
  ['code', 'meaning'],
  Object.entries(exitCodes).map(([name, number]) => [String(number), meaningOf(name)]),
)}
## Ports

${formatTable(['port', 'flag', 'of', 'what'], formatPorts(verbs))}
${verbs.map(formatVerb).join('\n')}`
}

const meaningOf = (name: string): string => Object.entries(exitCodeMeanings).find(([key]) => key === name)?.[1] ?? name

const loadVerbs = async (entries: readonly VerbEntry[], before: string): Promise<readonly LoadedVerb[]> => {
  const loaded = await Promise.all(
    entries.map(async (entry): Promise<readonly LoadedVerb[]> => {
      const name = `${before} ${entry.name}`
      if ('verbs' in entry) return loadVerbs(entry.verbs, name)
      return [{ name, summary: entry.summary, verb: await entry.load() }]
    }),
  )
  return loaded.flat()
}

const formatPorts = (verbs: readonly LoadedVerb[]): readonly (readonly string[])[] =>
  verbs.flatMap(({ name, verb }) =>
    Object.entries(verb.flags)
      .filter(([flag, spec]) => flag.endsWith('-port') && spec.default !== undefined)
      .map(([flag, spec]) => [spec.default ?? '', code(`--${flag}`), code(name), formatHelp(spec)]),
  )

const formatVerb = ({ name, verb }: LoadedVerb): string => {
  const [text = ''] = verb.help.split('\nFlags\n')
  const [, ...rest] = text.split('\n')
  const flags = Object.entries(verb.flags)
  return `## ${name}

\`\`\`text
${rest.join('\n').trim()}
\`\`\`
${flags.length === 0 ? '' : `\n${formatTable(['flag', 'value', 'default', 'meaning'], flags.map(formatFlag))}`}`
}

const formatFlag = ([name, spec]: readonly [string, FlagSpec]): readonly string[] => [
  spec.short === undefined ? code(`--${name}`) : `${code(`-${spec.short}`)} ${code(`--${name}`)}`,
  code(spec.value ?? ''),
  code(spec.default ?? ''),
  formatHelp(spec),
]

/** The default has a column of its own. */
const formatHelp = ({ help, default: value }: FlagSpec): string =>
  plain(value === undefined ? help : help.replace(new RegExp(`; default ${RegExp.escape(value)}$`), ''))
