/** docs/reference/doctor-codes.md: what `fairway doctor` finds, how it comes about, and what to do. */
import { sections, type Check, type CodeEntry } from '../../../src/cli/doctor/check.ts'
import { checks, commonCodes } from '../../../src/cli/doctor/checks.ts'
import { formatTable, generatedFrom, plain } from './markdown.ts'

const words = { error: '× error', warning: '‼ warning', info: 'i note' } as const

/** The page as Markdown. */
export const formatDoctorCodesPage = (): string => {
  const parts = Object.entries(sections).map(([section, title]) => {
    const own = checks.filter((check) => check.section === section)
    return [`## ${title}\n`, ...own.map(formatCheck)].join('\n')
  })
  const all = [commonCodes, ...checks.map((check) => check.codes)].flatMap((codes) => Object.entries<CodeEntry>(codes))
  const rows = all
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { level, title }]) => [`[${code}](#${code.toLowerCase()})`, words[level], plain(title)])
  return `# Codes of fairway doctor

${generatedFrom('the checks in src/cli/doctor')} [The doctor](../concepts/doctor.md) is described on a page of its own. A code
is never given to anything else; one that is no longer found stays free. \`fairway doctor --explain CODE\` prints what stands
here.

${formatTable(['code', 'level', 'finding'], rows)}
## Any check

${Object.entries(commonCodes).map(formatCode).join('\n')}
${parts.join('\n')}`
}

const formatCheck = ({ name, title, codes }: Check): string =>
  [`\`${name}\`: ${plain(title)}\n`, ...Object.entries(codes).map(formatCode)].join('\n')

const formatCode = ([code, { level, title, cause, cure }]: readonly [string, CodeEntry]): string =>
  `### ${code}\n\n**${plain(title)}** (${words[level]}). ${plain(cause)}\n\n${plain(cure)}\n`
