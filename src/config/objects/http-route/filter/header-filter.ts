import { isOwnField } from '../../../../http/identity-claims.ts'
import type { Issue } from '../../../../lib/decoded.ts'
import * as s from '../../../../lib/schema.ts'

/** Headers that frame the message: a route that changed them would break the connection. */
const framing = new Set([
  ...[
    'connection',
    'content-length',
    'keep-alive',
    'proxy-connection',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
  ],
])

const headerName = s.refine(
  s.string({ maxLength: 256, pattern: /[A-Za-z0-9!#$%&'*+\-.^_`|~]+/, describe: 'an HTTP header name' }),
  (value, path) =>
    framing.has(value.toLowerCase())
      ? [
          {
            message: 'cannot be changed by a route',
            path,
            found: value,
            expected: 'a header that does not frame the message',
          },
        ]
      : [],
)

const header = s.object({
  name: headerName,
  value: s.string({
    maxLength: 4096,
    pattern: /[!-~]+(?:[ \t]+[!-~]+)*/,
    describe: 'a header value of visible ASCII, with spaces and tabs only inside',
  }),
})

const headers = s.withDefault(s.array(header, { maxItems: 16 }), [])

/** HTTPHeaderFilter, which requests and responses share. */
export const headerFilter = s.refine(
  s.object({ set: headers, add: headers, remove: s.withDefault(s.array(headerName, { maxItems: 16 }), []) }),
  ({ set, add, remove }, path): readonly Issue[] => {
    const names = [...set.map((item) => item.name), ...add.map((item) => item.name), ...remove].map((n) =>
      n.toLowerCase(),
    )
    return names
      .filter((name, index) => names.indexOf(name) !== index)
      .map((found) => ({ message: 'header is changed twice', path, found, expected: 'one action per header' }))
  },
)

/** A name, an IPv4 address, or an IPv6 address in brackets; then a port (RFC 9110 section 7.2). */
const authority = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?$/

const isAuthority = (text: string): boolean => {
  const found = authority.exec(text)
  return found !== null && Number(found[1] ?? 0) <= 65_535
}

const isHost = (name: string): boolean => name.toLowerCase() === 'host'

/**
 * The same for requests, which have exactly one host: it can be set, to what can be one. Who the client is, a consumer's
 * route must not tell the producer's application; so no route does.
 */
export const requestHeaderFilter = s.refine(headerFilter, ({ set, add, remove }, path): readonly Issue[] => [
  ...[...add.map((item) => item.name), ...remove].filter(isHost).map((found) => ({
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
])
