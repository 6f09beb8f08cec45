/** What is done with the answers of backends: kept, or taken as a sign that what is kept is not true any more. */
import type { BodyTransform, Exchange, RequestView, ResponseView } from 'fairway/filter'
import { isSafe } from './answer.ts'
import { uriOf } from './memory/cache-key.ts'
import { Fill } from './memory/fill.ts'
import { beginFill } from './memory/make-entry.ts'
import type { CacheParts, Passing } from './parts.ts'
import { STATUS_FIELD } from './replies.ts'

/** Looks at the head of a response that a backend gave. */
export const onAnswer = (exchange: Exchange, parts: CacheParts): void => {
  const { request, response } = exchange
  if (response === undefined) return
  const about = parts.passing.get(request)
  if (about === undefined) {
    if (!isSafe(request) && response.status >= 200 && response.status < 400) invalidate(exchange, response, parts)
    return tell(response, isSafe(request) ? 'fwd=bypass' : 'fwd=method', parts)
  }
  const isKept = about.flight !== undefined && beginKeeping(about, { exchange, response }, parts)
  tell(response, `fwd=${about.fwd}${isKept ? '; stored' : ''}`, parts)
}

/** Takes the body of a response that is kept. */
export const watchBody = (about: Passing, fill: Fill, parts: CacheParts): BodyTransform => {
  return (bytes, isLast) => {
    if (!fill.add(bytes)) about.flight?.land('unstorable')
    if (isLast) finish(about, fill, parts)
  }
}

const beginKeeping = (
  about: Passing,
  { exchange, response }: { readonly exchange: Exchange; readonly response: ResponseView },
  parts: CacheParts,
): boolean => {
  const { lookup, flight } = about
  if (exchange.match !== undefined && !lookup.isRouted) {
    // Which rule another request for the same would match nobody knows yet when it is looked up.
    if (parts.store.size > 0) parts.invalidation.forgetAll()
    flight?.land('unstorable')
    return false
  }
  const fill = beginFill(lookup, response, parts.rules)
  if (!(fill instanceof Fill)) {
    flight?.land(fill === 'status' ? 'useless' : 'unstorable')
    return false
  }
  about.fill = fill
  // No transform is shown a body that cannot be.
  if (response.status === 204) finish(about, fill, parts)
  return true
}

const finish = ({ lookup, flight }: Passing, fill: Fill, { store }: CacheParts): void => {
  const entry = fill.finish()
  const isKept = entry !== undefined && flight?.isVoid() === false
  if (isKept) store.put(lookup.key, entry)
  flight?.land(isKept ? 'stored' : 'unstorable')
}

/** RFC 9111 section 4.4. */
const invalidate = (exchange: Exchange, { headers }: ResponseView, { keys, invalidation }: CacheParts): void => {
  const { request, destination } = exchange
  const others = ['location', 'content-location'].flatMap((name) => sameOrigin(headers.get(name), request) ?? [])
  for (const target of [{ path: request.path, query: request.query }, ...others]) {
    const changed = { ...request, ...target }
    keys.cleanQuery(changed)
    invalidation.forget(uriOf({ request: changed, destination }))
  }
}

/** Nobody can have what others say forgotten. */
const sameOrigin = (
  reference: string | undefined,
  { authority, path }: RequestView,
): { readonly path: string; readonly query: string } | undefined => {
  const base = URL.parse(`http://${authority}${path}`)
  const url = reference === undefined || base === null ? null : URL.parse(reference, base)
  return url === null || url.host !== base?.host ? undefined : { path: url.pathname, query: url.search }
}

const tell = ({ headers }: ResponseView, status: string, { tellsStatus }: CacheParts): void => {
  if (tellsStatus) headers.add(STATUS_FIELD, `fairway; ${status}`)
}
