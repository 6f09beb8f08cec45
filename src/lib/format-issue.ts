import type { Issue, SourcePosition } from './decoded.ts'

/**
 * An issue as one line for people:
 * `routes.yaml:12:15: HTTPRoute shop/api spec.rules[0].name: wrong value: found "X", expected a section name`.
 * Control characters of foreign text are shown escaped, so that it stays one line.
 */
export const formatIssue = (issue: Issue): string => {
  const position = issue.position === undefined ? '' : `${formatPosition(issue.position)}: `
  const subject = [issue.object, issue.path].filter((part) => part !== undefined && part !== '').join(' ')
  return escapeControl(`${position}${subject === '' ? '' : `${subject}: `}${formatFault(issue)}`)
}

/** What is wrong, without where: `wrong value: found "X", expected a section name`. */
export const formatFault = ({ message, found, expected }: Issue): string => {
  // `nothing` and `3 items` are descriptions, and 80 is no text: quotes would claim that those were written there.
  const isShown = found === undefined || /^(nothing|\d+ items?|\(not shown\))$/.test(found) || isJson(found)
  const shown = isShown ? found : JSON.stringify(found)
  const details = [
    ...(shown === undefined ? [] : [`found ${shown}`]),
    ...(expected === undefined ? [] : [`expected ${expected}`]),
  ].join(', ')
  return details === '' ? message : `${message}: ${details}`
}

/** `FILE:LINE:COLUMN`, as editors and terminals make it clickable; `FILE` alone for the whole of it. */
export const formatPosition = ({ file, line, column }: SourcePosition): string =>
  line === 0 ? file : `${file}:${line}:${column}`

/** Makes foreign text one line: Unicode's control characters, and the two separators that also end a line, escaped. */
export const escapeControl = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029]/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Whether a text is JSON as it stands: `80`, `true`, `"80"`, `{}`. */
export const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
