import { isIPv4, isIPv6 } from 'node:net'

/**
 * An IP address in the one form that addresses are compared in: IPv4 dotted, IPv6 as in RFC 5952 without brackets,
 * `undefined` when the text is no address. Zones (`fe80::1%eth0`) are refused: they mean nothing on another machine.
 */
export const canonicalIp = (text: string): string | undefined => {
  if (isIPv4(text)) return text
  if (!isIPv6(text) || text.includes('%')) return undefined
  // The URL parser writes IPv6 in the canonical form.
  return new URL(`http://[${text}]`).hostname.slice(1, -1)
}

/** A host and port as an authority has them: `10.0.3.7:80`, `[fd00::12]:80`, `api.shop:80`. */
export const joinHostPort = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
