import type { HeaderList } from 'fairway/filter'

/** The value of the first cookie of that name (RFC 6265, section 5.4), without quotes; `undefined` when there is none. */
export const cookieOf = (headers: HeaderList, name: string): string | undefined => {
  const header = headers.get('cookie')
  if (header === undefined) return undefined
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    if (equals === -1 || pair.slice(0, equals).trim() !== name) continue
    const value = pair.slice(equals + 1).trim()
    return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
  }
  return undefined
}
