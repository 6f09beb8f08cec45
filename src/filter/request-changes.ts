import { isOwnField } from '../http/identity-claims.ts'
import type { Issue } from '../lib/decoded.ts'

/** What is done to a request's headers, as HTTPHeaderFilter has it. */
export interface RequestChanges {
  readonly set: readonly HeaderPair[]
  readonly add: readonly HeaderPair[]
  readonly remove: readonly string[]
}

interface HeaderPair {
  readonly name: string
  readonly value: string
}

/**
 * What of such changes cannot be: a request has exactly one host, so that it can only be set, and to what can be one. Who
 * the client is, a consumer's route must not tell the producer's application; so nobody does but the proxy.
 */
export const refuseRequestChanges = ({ set, add, remove }: RequestChanges, path: string): readonly Issue[] => [
  ...[...add.map(({ name }) => name), ...remove].filter(isHost).map((found) => ({
    message: 'a request has exactly one host',
    path,
    found,
    expected: 'host under set, or URLRewrite with hostname',
  })),
  ...[...set, ...add]
    .filter(({ name }) => isOwnField(name.toLowerCase()))
    .map(({ name: found }) => ({
      message: 'says who the client is, which a route cannot',
      path,
      found,
      expected: 'a header of another name',
    })),
  ...set
    .filter(({ name, value }) => isHost(name) && !isAuthority(value))
    .map(({ value: found }) => ({ message: 'cannot be a host', path, found, expected: 'host or host:port' })),
]

/** A name, an IPv4 address, or an IPv6 address in brackets; then a port (RFC 9110 section 7.2). */
const authority = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?$/

const isAuthority = (text: string): boolean => {
  const found = authority.exec(text)
  return found !== null && Number(found[1] ?? 0) <= 65_535
}

const isHost = (name: string): boolean => name.toLowerCase() === 'host'
