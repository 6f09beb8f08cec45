import type { Reply, RequestView } from 'fairway/filter'
import type { Entry } from './memory/store.ts'
import type { CacheParts, Lookup, Outcome } from './parts.ts'
import { replyWith } from './replies.ts'
import { parseDirectives, type Directives } from './rfc9111/directives.ts'

const NO_CACHE: Directives = new Map([['no-cache', '']])

/** What a request allows; `Pragma: no-cache` is as old as it looks (RFC 9111 section 5.4). */
export const wantedOf = ({ headers }: RequestView): Directives => {
  const cacheControl = headers.get('cache-control')
  if (cacheControl === undefined && /\bno-cache\b/i.test(headers.get('pragma') ?? '')) return NO_CACHE
  return parseDirectives(cacheControl)
}

/** What is stored for it, if this client may have it. */
export const findEntry = ({ key, request, hasCredentials }: Lookup, { store }: CacheParts): Entry | undefined => {
  const entry = store.find(key, request.headers)
  return entry === undefined || (hasCredentials && !entry.allowsCredentials) ? undefined : entry
}

/** Answers with what is stored; `status` as Cache-Status has it. */
export const serve = (
  { request }: Lookup,
  entry: Entry,
  { status, outcome, parts }: { readonly status: string; readonly outcome: Outcome; readonly parts: CacheParts },
): Reply => {
  const { env, requests, tellsStatus } = parts
  requests.inc({ outcome })
  const told = tellsStatus ? `fairway; ${status}` : undefined
  return replyWith(entry, request, { env, status: told, reason: `cache_${outcome}` })
}
