import { isConnectionSpecific } from './hop-by-hop.ts'
import { isIdentityClaim } from './identity-claims.ts'

/**
 * Fields that must not come as trailers: they frame, route, authenticate, limit or describe a message, and come too
 * late to be obeyed (RFC 9110 section 6.5.1); or they say who the client is. A next hop that merges trailers into the
 * head would take them for what was checked there.
 */
const FORBIDDEN: ReadonlySet<string> = new Set(
  (
    'content-length host te trailer http2-settings expect max-forwards range if-match if-none-match ' +
    'if-modified-since if-unmodified-since if-range content-encoding content-type content-range authorization ' +
    'proxy-authorization www-authenticate proxy-authenticate cookie set-cookie forwarded'
  ).split(' '),
)

/** The same for families of fields. */
const FORBIDDEN_PREFIXES = ['x-forwarded-', 'x-envoy-']

/**
 * The first name in a flat list of trailers that must not be there, or `undefined`. A message that has one is refused:
 * dropping it would leave two opinions of what was sent.
 */
export function forbiddenTrailer(fields: readonly string[]): string | undefined {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? ''
    if (FORBIDDEN.has(name) || isConnectionSpecific(name)) return name
    if (FORBIDDEN_PREFIXES.some((prefix) => name.startsWith(prefix)) || isIdentityClaim(name)) return name
  }
  return undefined
}
