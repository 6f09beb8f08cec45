import { badRequest, quoted } from './limits.ts'
import type { H1Failure, Scheme } from './message.ts'

// A registered name or IPv4 address, or an IPv6 address in brackets; then a port. No userinfo (RFC 9110 section 4.2.4),
// no zone, and no comma, which would be two Host fields that somebody joined. The port is one that 16 bits hold, lest
// somebody's counter come round to another.
const AUTHORITY =
  /^(?:\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9._~!$&'()*+;=%-]+)(?::(?:[0-9]{0,4}|[0-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?$/
/** The last one that was good: what comes in is asked twice at least, and most requests name the same few Services. */
let lastAuthority = ''
/** The scheme and authority of an absolute-form target. */
const ABSOLUTE = /^(https?):\/\/([^/?]*)/i

/** Whether `text` is `host` or `host:port` as Host and `:authority` may hold it (RFC 3986 section 3.2). */
export function isAuthority(text: string): boolean {
  if (text === lastAuthority) return true
  if (!AUTHORITY.test(text)) return false
  lastAuthority = text
  return true
}

/**
 * Checks that the target's form fits the method, and that an absolute one names the host that Host names
 * (RFC 9112 section 3.2). Characters have been checked before.
 */
export function checkTarget(method: string, target: string, host: string | undefined): H1Failure | undefined {
  if (method === 'CONNECT') {
    if (isAuthority(target) && /:[0-9]{1,5}$/.test(target)) return undefined
    return badRequest(`target of CONNECT is ${quoted(target)}, not host:port`)
  }
  if (target.startsWith('/')) return undefined
  if (target === '*') return method === 'OPTIONS' ? undefined : badRequest(`target * is for OPTIONS, not ${method}`)
  return checkAbsolute(target, host)
}

/** The authority of an absolute-form target, `undefined` for the other forms. */
export function authorityOf(target: string): string | undefined {
  return ABSOLUTE.exec(target)?.[2]
}

/** The scheme of an absolute-form target, `undefined` for the other forms. */
export function schemeOf(target: string): Scheme | undefined {
  // Hardly any other target is anything but a path.
  if (target.startsWith('/')) return undefined
  return toScheme(ABSOLUTE.exec(target)?.[1])
}

/** In whatever case; `undefined` for what is neither. */
export function toScheme(text: string | undefined): Scheme | undefined {
  if (text === 'http' || text === 'https') return text
  const lower = text?.toLowerCase()
  return lower === 'http' || lower === 'https' ? lower : undefined
}

function checkAbsolute(target: string, host: string | undefined): H1Failure | undefined {
  const [, scheme, authority] = ABSOLUTE.exec(target) ?? []
  if (scheme === undefined || authority === undefined || !isAuthority(authority))
    return badRequest(`target ${quoted(target)} is neither a path nor an http or https URI`)
  // RFC 9112 section 3.2.2 lets the target win; a hop before us may have let Host win.
  if (host !== undefined && !isSameAuthority(host, authority, scheme))
    return badRequest(`target names ${quoted(authority)}, Host ${quoted(host)}`)
  return undefined
}

/** Whether both name one host and port of `scheme`, whose own port may be left out (RFC 9110 section 4.2.3). */
export function isSameAuthority(one: string, other: string, scheme: string | undefined): boolean {
  if (one === other) return true
  const known = toScheme(scheme)
  if (known === undefined) return one.toLowerCase() === other.toLowerCase()
  const port = known === 'http' ? 80 : 443
  return withoutPort(one, port) === withoutPort(other, port)
}

function withoutPort(authority: string, port: number): string {
  const lower = authority.toLowerCase()
  return lower.endsWith(`:${port}`) ? lower.slice(0, -`:${port}`.length) : lower
}
