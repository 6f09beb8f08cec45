/** What clients are told of stored responses. */
import type { FilterEnv, Reply, RequestView } from 'fairway/filter'
import { isKnown } from './rfc9111/conditions.ts'
import { ageMs } from './rfc9111/freshness.ts'
import type { Entry } from './memory/store.ts'

/** Of Cache-Status (RFC 9211): `hit`, `fwd=stale; collapsed`. */
export const STATUS_FIELD = 'cache-status'

/** A stored response for this request: whole, its head, or that the client has it already. */
export const replyWith = (
  entry: Entry,
  request: RequestView,
  {
    env,
    status,
    reason,
  }: { readonly env: Pick<FilterEnv, 'reply' | 'now'>; readonly status: string | undefined; readonly reason: string },
): Reply => {
  const age = ['age', String(Math.floor(ageMs(entry.freshness, env.now()) / 1000))] as const
  const told = status === undefined ? [age] : [age, [STATUS_FIELD, status] as const]
  if (isKnown(request.headers, entry)) {
    return env.reply(304, { headers: [...entry.fields.filter(([name]) => OF_A_304.has(name)), ...told], reason })
  }
  const headers = [...entry.fields, ...told]
  // Its body does not follow, so that nobody else would say how long it is.
  if (request.method === 'HEAD') headers.push(['content-length', String(entry.body.length)])
  return env.reply(entry.status, { headers, body: entry.body, reason })
}

/** RFC 9110 section 15.4.5, and what others need to know of it. */
const OF_A_304: ReadonlySet<string> = new Set([
  ...['cache-control', 'content-location', 'date', 'etag', 'expires', 'vary', 'last-modified', STATUS_FIELD],
  ...['access-control-allow-origin', 'access-control-allow-credentials', 'access-control-expose-headers'],
])
