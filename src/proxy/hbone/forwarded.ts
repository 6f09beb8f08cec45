/** What `forwarded` (RFC 7239) says of a tunnel: whom it is for and which service was meant. Hints, never policy. */
export interface Forwarded {
  /** `for`: address of the client as the sender saw it, without port and brackets. */
  readonly address: string | undefined
  /** `host`: the service's host name. */
  readonly host: string | undefined
}

const MAX_LENGTH = 4096
/** One parameter: a token, `=`, and a token or a quoted string (RFC 7239 section 4). */
const PARAMETER = /([!#$%&'*+.^_`|~\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~\w:-]+))/g

/**
 * Reads the first element, which is the one nearest to the client; ztunnel sends exactly one,
 * `for="10.0.0.7:40312";host=api.shop.svc.cluster.local` (waypoint contract 1.4).
 */
export const parseForwarded = (text: string): Forwarded => {
  let address: string | undefined
  let host: string | undefined
  for (const match of firstElement(text.slice(0, MAX_LENGTH)).matchAll(PARAMETER)) {
    const [, name = '', quoted, token] = match
    const value = quoted?.replace(/\\(.)/g, '$1') ?? token ?? ''
    if (name.toLowerCase() === 'for') address ??= withoutPort(value)
    if (name.toLowerCase() === 'host') host ??= value === '' ? undefined : value.toLowerCase()
  }
  return { address, host }
}

/** Up to the first comma that stands outside of quotes. */
const firstElement = (text: string): string => /^(?:[^",]|"(?:[^"\\]|\\.)*")*/.exec(text)?.[0] ?? ''

/** `10.0.0.7:40312`, `[2001:db8::1]:80`, `2001:db8::1`; names such as `unknown` and `_hidden` tell nothing. */
const withoutPort = (value: string): string | undefined => {
  const bracketed = /^\[([0-9a-fA-F:.]+)\](?::\d+)?$/.exec(value)?.[1]
  if (bracketed !== undefined) return bracketed.toLowerCase()
  if (/^\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?$/.test(value)) return value.replace(/:\d+$/, '')
  return /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(value) ? value.toLowerCase() : undefined
}
