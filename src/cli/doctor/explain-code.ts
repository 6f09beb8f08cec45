import { codes } from './checks.ts'
import { requireCode } from './suppressions.ts'

/** What a code means, for people. Throws `CliError` (64) for one that there is not. */
export const explainCode = (written: string): string => {
  const code = written.toUpperCase()
  requireCode(code)
  const entry = codes.get(code)
  if (entry === undefined) return ''
  const { level, title, cause, cure } = entry
  return `${code} (${level}): ${title}\n\n${cause}\n\n${cure}\n`
}
