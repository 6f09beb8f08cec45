import { isOwnField, schema } from 'fairway/filter'
import type { FilterDefinition } from 'fairway/filter'
import { createHeaderChanger, headerChanges } from '../header-changes.ts'
import type { HeaderChanges } from '../header-changes.ts'

/**
 * Changes the request's headers (HTTPRoute filter RequestHeaderModifier). `set: host` replaces the authority, as in
 * Istio; a request has exactly one, so `host` can be neither added nor removed. Headers that say who the client is can be
 * removed only.
 */
const requestHeaderModifier: FilterDefinition<HeaderChanges> = {
  kind: 'RequestHeaderModifier',
  stage: 'shape',
  config: schema.refine(headerChanges, (changes, path) => [
    ...[...changes.add.map((pair) => pair.name), ...changes.remove].filter(isHost).map((found) => ({
      message: 'a request has exactly one host',
      path,
      found,
      expected: 'host under set, or URLRewrite with hostname',
    })),
    ...[...changes.set, ...changes.add]
      .filter(({ name }) => isOwnField(name.toLowerCase()))
      .map(({ name: found }) => ({
        message: 'says who the client is, which a route cannot',
        path,
        found,
        expected: 'a header of another name',
      })),
    ...changes.set
      .filter((pair) => isHost(pair.name) && !isAuthority(pair.value))
      .map(({ value: found }) => ({ message: 'cannot be a host', path, found, expected: 'host or host:port' })),
  ]),
  create: (changes) => {
    const host = changes.set.find((pair) => isHost(pair.name))?.value
    const change = createHeaderChanger({ ...changes, set: changes.set.filter((pair) => !isHost(pair.name)) })
    return {
      onRequest: ({ request }) => {
        if (host !== undefined) request.authority = host
        change(request.headers)
      },
    }
  },
}

/** A name, an IPv4 address, or an IPv6 address in brackets; then a port (RFC 9110 section 7.2). */
const authority = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?$/

const isAuthority = (text: string): boolean => {
  const found = authority.exec(text)
  return found !== null && Number(found[1] ?? 0) <= 65_535
}

const isHost = (name: string): boolean => name.toLowerCase() === 'host'

export default requestHeaderModifier
