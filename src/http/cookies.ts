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
    for (let end = -1, start = 0; start < pairs.length; start = end + 1) {
      const semicolon = pairs.indexOf(';', start)
      end = semicolon === -1 ? pairs.length : semicolon
      const valueAt = start + (pairs[start] === ' ' ? 1 : 0) + name.length + 1
      if (pairs[valueAt - 1] !== '=' || !pairs.startsWith(name, valueAt - 1 - name.length)) continue
      const found = read(pairs.slice(valueAt, end))
      if (found !== undefined) return found
    }
  }
  return undefined
}
