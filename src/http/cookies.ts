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
    for (const pair of (fields[i + 1] ?? '').split(';')) {
      const start = pair.startsWith(' ') ? 1 : 0
      if (!pair.startsWith(name, start) || pair[start + name.length] !== '=') continue
      const found = read(pair.slice(start + name.length + 1))
      if (found !== undefined) return found
    }
  }
  return undefined
}
