/** The page docs/reference/filter-api.md, made from the doc comments of the contract. */
import type { ApiEntry, ApiMember } from './read-api.ts'

/** A module as authors import it, and what it exports. */
export interface ApiModule {
  readonly specifier: string
  readonly entries: readonly ApiEntry[]
}

/** The page as Markdown. */
export const formatFilterApi = (modules: readonly ApiModule[]): string => `# The filter API

Generated from the doc comments of the sources by \`npm run generate\`. [Writing a filter](../filters.md) explains how the
parts go together, [your first filter](../guides/first-filter.md) begins with nothing.

${modules.map(formatModule).join('\n')}`

const formatModule = ({ specifier, entries }: ApiModule): string =>
  `## ${specifier}\n\n${entries.map((entry) => formatEntry(entry)).join('\n')}`

const formatEntry = ({ name, signature, comment, members, entries }: ApiEntry): string =>
  [
    `### ${name}\n`,
    ...(entries.length > 0 ? [] : [`\`\`\`ts\n${signature}\n\`\`\`\n`]),
    ...(comment === '' ? [] : [`${paragraph(comment)}\n`]),
    ...(members.length > 0 ? [`${members.map(formatMember).join('\n')}\n`] : []),
    ...(entries.length > 0 ? [`${entries.map(formatPart).join('\n')}\n`] : []),
  ].join('\n')

const formatMember = ({ signature, comment }: ApiMember): string => {
  const text = code(signature.replace(/^readonly /, ''))
  return `- ${text}${comment === '' ? '' : `: ${paragraph(comment)}`}`
}

/** What stands in a namespace: a line each, with its members below. */
const formatPart = ({ signature, comment, members }: ApiEntry): string =>
  [
    `- ${code(signature)}${comment === '' ? '' : `: ${paragraph(comment)}`}`,
    ...members.map((member) => `  ${formatMember(member)}`),
  ].join('\n')

const paragraph = (comment: string): string => comment.replaceAll(/\s*\n\s*/g, ' ').trim()

const code = (text: string): string => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``)
