import type { Exchange, RequestView } from 'fairway/filter'
import type { ResponseCacheConfig } from '../config.ts'

/** What a stored response is known by. */
export interface CacheKey {
  /** What was asked for; what is invalidated. */
  readonly uri: string
  /** Who may share it, and what else it depends on for certain. */
  readonly partition: string
}

/**
 * Fields that many applications build links, redirects or whole answers by, though nobody says so in `Vary`: who sends them
 * gets entries of its own, so that nobody else gets what they made of it.
 */
const ALWAYS_KEYED = [
  ...['forwarded', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'x-forwarded-scheme'],
  ...['x-forwarded-server', 'x-forwarded-prefix', 'x-forwarded-path', 'x-host', 'x-original-host', 'x-original-url'],
  ...['x-rewrite-url', 'x-http-method-override', 'x-http-method', 'x-method-override', 'x-forwarded-ssl'],
]

/** Stands in no field and in no path. */
const SEPARATOR = '\n'

/** How keys are made by one configuration. */
export interface KeyMaker {
  readonly keyOf: (exchange: Exchange) => CacheKey
  /** Takes the parameters out of the request that the key leaves out: the backend must not see them either. */
  readonly cleanQuery: (request: RequestView) => void
  /** Whether the client has shown who its user is. */
  readonly hasCredentials: (request: RequestView) => boolean
}

/** Makes what makes keys. */
export const createKeyMaker = ({
  sharing,
  keyHeaders,
  ignoreQuery,
  credentialHeaders,
}: Pick<ResponseCacheConfig, 'sharing' | 'keyHeaders' | 'ignoreQuery' | 'credentialHeaders'>): KeyMaker => {
  const keyed = new Set([...ALWAYS_KEYED, ...keyHeaders.map((name) => name.toLowerCase())])
  const ignored = new Set(ignoreQuery)
  return {
    keyOf: (exchange) => ({
      uri: uriOf(exchange),
      partition: partitionOf(exchange, sharing, keyed),
    }),
    cleanQuery: (request) => {
      if (ignored.size === 0 || request.query === '') return
      const kept = request.query
        .slice(1)
        .split('&')
        .filter((pair) => !ignored.has(nameOf(pair)))
      request.query = kept.length === 0 ? '' : `?${kept.join('&')}`
    },
    hasCredentials: ({ token, headers }) =>
      token !== undefined || headers.hasCredentials || credentialHeaders.some((name) => headers.has(name)),
  }
}

/** Of this Service: its own names may be those of others elsewhere. */
export const uriOf = ({ request, destination }: Pick<Exchange, 'request' | 'destination'>): string => {
  const { namespace, name, port } = destination
  const { scheme, authority, path, query, headers } = request
  const host = headers.get('host') ?? ''
  const named = authority.toLowerCase()
  const told = host === '' || host === authority ? '' : host.toLowerCase()
  return [`${namespace}/${name}:${port}`, scheme, named, told === named ? '' : told, path + query].join(SEPARATOR)
}

/** What a URI that `uriOf` made is of. */
export const readUri = (uri: string): { readonly host: string; readonly path: string; readonly target: string } => {
  const [, , authority = '', , target = ''] = uri.split(SEPARATOR)
  return { host: authority, path: target.split('?', 1)[0] ?? '', target }
}

/** What another rule answers is something else. */
const ruleOf = ({ match }: Exchange): string => (match === undefined ? '' : `${match.route} ${match.rule}`)

const ownerOf = ({ source }: Exchange, sharing: ResponseCacheConfig['sharing']): string => {
  const { principal, namespace, address } = source
  switch (sharing) {
    case 'Everyone':
      return ''
    case 'Namespace':
      return namespace ?? principal ?? address
    case 'Identity':
      return principal ?? address
  }
}

const partitionOf = (
  exchange: Exchange,
  sharing: ResponseCacheConfig['sharing'],
  keyed: ReadonlySet<string>,
): string => {
  let partition = ruleOf(exchange) + SEPARATOR + ownerOf(exchange, sharing)
  // Mostly there are none. Of several, in whatever order: those are few, and their entries apart.
  for (const [name, value] of exchange.request.headers) {
    if (keyed.has(name)) partition += `${SEPARATOR}${name}: ${value}`
  }
  return partition
}

/** The name of a parameter, decoded as applications do: in what form it comes makes no other parameter of it. */
const nameOf = (pair: string): string => {
  const name = (pair.split('=', 1)[0] ?? '').replaceAll('+', ' ')
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
