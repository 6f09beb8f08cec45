/** Whether a text fits; what is absent fits nothing. */
export type TextMatcher = (text: string | undefined) => boolean

export interface TextOptions {
  /** What stands before every pattern, and does not count for what a pattern with a leading `*` leaves open. */
  readonly scheme?: string
  readonly ignoreCase?: boolean
  /** Whether `*` fits an empty text too. */
  readonly isEmptyPresent?: boolean
}

/** So few are compared one after the other: a set takes as much memory as twenty of them. */
const FEW = 4

const NONE: readonly string[] = []

/**
 * Compiles what policies compare texts with: `*` for any that is not empty, `abc*` for a beginning, `*abc` for an end,
 * anything else for itself, whatever asterisks are inside. One that fits is enough.
 */
export const compileTexts = (
  patterns: readonly string[],
  { scheme = '', ignoreCase = false, isEmptyPresent = false }: TextOptions = {},
): TextMatcher => {
  const written = ignoreCase ? patterns.map((pattern) => pattern.toLowerCase()) : patterns
  // Most conditions have one value, and there may be very many of them.
  const only = written.length === 1 ? written[0] : undefined
  if (only !== undefined && isExact(only)) return compileText(scheme + only, ignoreCase)
  const sorted = sortPatterns(written)
  if (only !== undefined && !ignoreCase) {
    const { prefixes, suffixes } = sorted
    if (prefixes[0] !== undefined) return compilePrefix(scheme + prefixes[0])
    if (suffixes[0] !== undefined && scheme === '') return compileSuffix(suffixes[0])
  }
  return compileSeveral(sorted, { scheme, ignoreCase, isEmptyPresent })
}

/** Apart, so that what it holds on to is this and no more. */
const compileText = (wanted: string, ignoreCase: boolean): TextMatcher =>
  ignoreCase ? (text) => text?.toLowerCase() === wanted : (text) => text === wanted

const compilePrefix =
  (prefix: string): TextMatcher =>
  (text) =>
    text !== undefined && text.startsWith(prefix)

const compileSuffix =
  (suffix: string): TextMatcher =>
  (text) =>
    text !== undefined && text.endsWith(suffix)

const compileSeveral = (
  sorted: ReturnType<typeof sortPatterns>,
  { scheme, ignoreCase, isEmptyPresent }: Required<TextOptions>,
): TextMatcher => {
  const texts = sorted.exact.map((text) => scheme + text)
  const few = texts.length > FEW ? NONE : texts
  const many = texts.length > FEW ? new Set(texts) : undefined
  const prefixes = sorted.prefixes.map((text) => scheme + text)
  const suffixes = sorted.suffixes.slice()
  const { isAny } = sorted
  return (text) => {
    if (text === undefined) return false
    if (isAny && (isEmptyPresent || text !== '')) return true
    const compared = ignoreCase ? text.toLowerCase() : text
    if (many?.has(compared) === true) return true
    for (const wanted of few) if (compared === wanted) return true
    for (const prefix of prefixes) if (compared.startsWith(prefix)) return true
    for (const suffix of suffixes) {
      if (compared.length >= scheme.length + suffix.length && compared.endsWith(suffix)) return true
    }
    return false
  }
}

const sortPatterns = (patterns: readonly string[]) => {
  const sorted = {
    exact: new Array<string>(),
    prefixes: new Array<string>(),
    suffixes: new Array<string>(),
    isAny: false,
  }
  for (const pattern of patterns) {
    if (pattern === '*') sorted.isAny = true
    // Istio looks at the front first: `*a*` is an end that has an asterisk in it.
    else if (pattern.startsWith('*')) sorted.suffixes.push(pattern.slice(1))
    else if (pattern.endsWith('*')) sorted.prefixes.push(pattern.slice(0, -1))
    else sorted.exact.push(pattern)
  }
  return sorted
}

/** Whether a pattern of `compileTexts` stands for a single text. */
export const isExact = (pattern: string): boolean => !pattern.startsWith('*') && !pattern.endsWith('*')

/** Compiles patterns in which `*` stands for anything, nothing too, wherever it is. */
export const compileGlobs = (patterns: readonly string[]): TextMatcher => {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')))
  const globs = patterns.filter((pattern) => pattern.includes('*')).map((pattern) => pattern.split('*'))
  return (text) => text !== undefined && (exact.has(text) || globs.some((parts) => fitsGlob(text, parts)))
}

const fitsGlob = (text: string, parts: readonly string[]): boolean => {
  const first = parts[0] ?? ''
  const last = parts.at(-1) ?? ''
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
  const end = text.length - last.length
  let position = first.length
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, position)
    if (found === -1 || found + part.length > end) return false
    position = found + part.length
  }
  return true
}
