/**
 * Cookies of a request, read in one way wherever somebody looks for one: what is taken for a credential here has to be what
 * is taken out there. As Envoy reads them (`forEachCookie`), and with blanks that it leaves where most applications do not.
 */
import type { HeaderList } from './header-list.ts'

/**
 * What `read` makes of the cookie of that name, in whichever of several fields (RFC 6265 section 5.4, RFC 9113 section
 * 8.2.3). A client may have several of one name, for different paths: the first one counts that `read` makes anything of.
 */
export const findCookie = <T>(
  { fields }: HeaderList,
  name: string,
  read: (value: string) => T | undefined,
): T | undefined => {
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== 'cookie') continue
    const pairs = fields[i + 1] ?? ''
    // Not cut into pieces: there may be 64 KiB of semicolons.
    for (let start = 0, end = 0; start < pairs.length; start = end + 1) {
      end = endOfPair(pairs, start)
      const equals = findEquals(pairs, name, { start, end })
      if (equals === -1) continue
      const found = read(valueBetween(pairs, equals + 1, end))
      if (found !== undefined) return found
    }
  }
  return undefined
}

/** Takes all cookies of that name out, and fields of which nothing is left; that they were there is not forgotten. */
export const removeCookie = (headers: HeaderList, name: string): void => {
  const { fields } = headers
  if (headers.hasCredentials) headers.noteCredentials()
  let kept = 0
  for (let i = 0; i < fields.length; i += 2) {
    const field = fields[i] ?? ''
    const value = fields[i + 1] ?? ''
    const left = field === 'cookie' ? withoutCookie(value, name) : value
    if (left === '' && value !== '') continue
    fields[kept++] = field
    fields[kept++] = left
  }
  fields.length = kept
}

const withoutCookie = (pairs: string, name: string): string => {
  const kept: string[] = []
  let isSame = true
  for (let start = 0, end = 0; start < pairs.length; start = end + 1) {
    end = endOfPair(pairs, start)
    if (findEquals(pairs, name, { start, end }) === -1) kept.push(pairs.slice(start, end))
    else isSame = false
  }
  return isSame ? pairs : kept.join(';').trim()
}

const endOfPair = (pairs: string, start: number): number => {
  const semicolon = pairs.indexOf(';', start)
  return semicolon === -1 ? pairs.length : semicolon
}

const EQUALS = 0x3d

/** Where the sign is behind the name of a pair, if that is its name; else -1. */
const findEquals = (
  pairs: string,
  name: string,
  { start, end }: { readonly start: number; readonly end: number },
): number => {
  const nameAt = skipBlanks(pairs, start, end)
  if (!pairs.startsWith(name, nameAt)) return -1
  const at = skipBlanks(pairs, nameAt + name.length, end)
  return at < end && pairs.charCodeAt(at) === EQUALS ? at : -1
}

/** Without the quotes that a value may stand in (RFC 6265 section 4.1.1). */
const valueBetween = (pairs: string, start: number, end: number): string => {
  let from = skipBlanks(pairs, start, end)
  let to = end
  while (to > from && isBlank(pairs, to - 1)) to--
  const isQuoted = to - from >= 2 && pairs[from] === '"' && pairs[to - 1] === '"'
  if (isQuoted) {
    from++
    to--
  }
  return pairs.slice(from, to)
}

const skipBlanks = (text: string, start: number, end: number): number => {
  let at = start
  while (at < end && isBlank(text, at)) at++
  return at
}

/** Blank, tab, and what else languages trim of texts in Latin-1: a name that an application finds behind it must not be missed. */
const isBlank = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at)
  return code === 0x20 || code === 0x09 || code === 0x85 || code === 0xa0
}
