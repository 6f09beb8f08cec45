import { removeFrom } from '../lib/headers/field-removal.ts'
import type { HeaderList } from './header-list.ts'
import { isConnectionSpecific } from './hop-by-hop.ts'
import { isIdentityClaim } from './identity-claims.ts'

/**
 * Fields that must not come as trailers of a request: they frame, route, authenticate, limit or describe it, and come
 * too late to be obeyed (RFC 9110 section 6.5.1); or they say who the client is. A next hop that merges trailers into
 * the head would take them for what was checked there.
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

/** What speaks of the framing of a message, and is not passed on behind it; beside what is of a connection. */
const FRAMING: ReadonlySet<string> = new Set(['content-length', 'host', 'te', 'trailer', 'http2-settings'])

/**
 * The first name in a flat list of a request's trailers that must not be there, or `undefined`. A request that has one is
 * refused: dropping it would leave two opinions of what was sent.
 */
export function forbiddenTrailer(fields: readonly string[]): string | undefined {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? ''
    if (FORBIDDEN.has(name) || isConnectionSpecific(name)) return name
    if (FORBIDDEN_PREFIXES.some((prefix) => name.startsWith(prefix)) || isIdentityClaim(name)) return name
  }
  return undefined
}

/**
 * Removes from a response's trailers what frames messages. All else is passed on, as Envoy does: the backend could have
 * said it in the head, RFC 9110 section 6.5.1 forbids nobody but the recipient to take it for a part of that, and an
 * answer that is broken off for it would be lost, its `grpc-status` first.
 */
export function removeFramingTrailers({ fields }: HeaderList): void {
  removeFrom(fields, 0, (name) => FRAMING.has(name) || isConnectionSpecific(name))
}
